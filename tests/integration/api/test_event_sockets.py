"""A job's events over a WebSocket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr
from websockets.sync.client import ClientConnection, connect

from tests.integration.api.conftest import ActedWorker, alone, serving, wait_until

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration


def opened(api: httpx.Client, path: str) -> ClientConnection:
    return connect(f"ws://{api.base_url.host}:{api.base_url.port}{path}", open_timeout=20, close_timeout=5)


def events(socket: ClientConnection) -> list[dict[str, Any]]:
    """All that is still to come, until it is closed as it should be after the end."""
    found = [json.loads(message) for message in socket]  # ends without an error at code 1000
    assert socket.close_code == 1000
    return found


def test_a_jobs_life(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    job = api.post("/edit", files=photo).json()["id"]
    with opened(api, f"/v1/jobs/{job}/events") as socket:
        assert json.loads(socket.recv(10))["data"]["status"] == "queued"
        record = worker.claim(job)
        worker.progress(record, 3)
        wait_until(lambda: json.loads(socket.recv(10))["data"]["progress"]["done"] == 3)
        worker.succeed(record)
        *_, last = events(socket)
    assert last["event"] == "done"
    assert last["data"] == api.get(f"/v1/jobs/{job}").json()
    with opened(api, f"/jobs/{job}/events") as late:
        assert [event["event"] for event in events(late)] == ["done"]


def test_a_socket_ends_with_its_client(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    with serving(alone(settings, max_streams=1)) as (_, api):
        job = api.post("/edit", files=photo).json()["id"]
        for _ in range(3):
            with opened(api, f"/jobs/{job}/events") as socket:
                assert "data" in json.loads(socket.recv(10)), "there is room again"


def test_whose_job_it_is(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    keyed = alone(
        settings, api_keys=(SecretStr("key-of-one"), SecretStr("key-of-two")), signing_secret=SecretStr("s" * 32)
    )
    with serving(keyed) as (_, api):
        job = api.post("/edit", files=photo, headers={"Authorization": "Bearer key-of-one"}).json()
        with opened(api, job["events_url"]) as socket:
            assert json.loads(socket.recv(10))["data"]["id"] == job["id"]
        for key, answer in (("key-of-one", "progress"), ("key-of-two", "unknown_job"), ("nobody", "key_rejected")):
            with opened(api, f"/jobs/{job['id']}/events") as socket:
                socket.send(json.dumps({"type": "authorize", "key": key}))
                first = json.loads(socket.recv(10))
                assert first.get("event") == answer or first["problem"]["code"] == answer
        with opened(api, job["events_url"] + "x") as socket:
            assert json.loads(socket.recv(10))["problem"]["code"] == "signature_rejected"
