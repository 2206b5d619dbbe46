"""Calls back: signed, logged, tried again, and only to where they may go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, free_port, serving, wait_until

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

SECRET = bytes(range(32))


@dataclass
class Receiver:
    """A client's server.

    Attributes:
        answers: statuses of the next answers; 200 when there are no more.
        pause: seconds before an answer.
    """

    port: int
    answers: list[int] = field(default_factory=list)
    pause: float = 0
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?who=me"

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.calls]


@contextmanager
def receiving(port: int | None = None) -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(port or free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/hook?who=me"
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(receiver.pause)
            receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = receiver.answers.pop(0) if receiver.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", self.path)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", receiver.port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def calling(settings: ApiSettings) -> ApiSettings:
    """Settings of an API that calls back to this machine."""
    return alone(
        settings,
        callback_hosts=("127.0.0.1", "localhost"),
        callback_networks=("127.0.0.0/8",),
        callback_secret=SecretStr("whsec_" + base64.b64encode(SECRET).decode()),
        callback_retry_s=(0.1, 0.2),
        callback_timeout_s=1.0,
    )


@pytest.fixture(scope="module")
def caller(calling: ApiSettings) -> Iterator[httpx.Client]:
    with serving(calling) as (_, http):
        yield http


def edited(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], **callback: Any) -> str:
    """The id of a job that has succeeded."""
    accepted = api.post("/edit", files=photo, data={"callback": json.dumps(callback), "metadata": '{"order": "7"}'})
    assert accepted.status_code == 202, accepted.text
    record = worker.claim(accepted.json()["id"])
    worker.succeed(record)
    return record.job.id


def deliveries(api: httpx.Client, job: str, count: int) -> list[dict[str, Any]]:
    """A job's log, once it has so many entries."""
    wait_until(lambda: len(api.get(f"/jobs/{job}").json()["deliveries"]) >= count)
    time.sleep(0.1)
    found: list[dict[str, Any]] = api.get(f"/jobs/{job}").json()["deliveries"]
    assert len(found) == count
    return found


def test_the_end_of_a_job_is_sent_with_a_signature(
    caller: httpx.Client, worker: ActedWorker, photo: dict[str, Any], receiver: Receiver
) -> None:
    job = edited(caller, worker, photo, url=receiver.url)
    [delivery] = deliveries(caller, job, 1)
    assert (delivery["event"], delivery["attempt"], delivery["status"]) == ("completed", 1, 200)
    assert delivery["error"] is delivery["next_at"] is None
    [(headers, raw)] = receiver.calls
    body = json.loads(raw)
    assert body["type"] == "job.completed"
    assert body["data"] == caller.get(f"/v1/jobs/{job}").json() | {"deliveries": []}
    assert body["data"]["metadata"] == {"order": "7"}
    # As a receiver checks it by the specification, https://www.standardwebhooks.com.
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in headers["webhook-signature"].split(" ")
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["content-type"] == "application/json"


def test_only_the_wanted_events_are_sent(
    caller: httpx.Client, worker: ActedWorker, photo: dict[str, Any], receiver: Receiver
) -> None:
    both = edited(caller, worker, photo, url=receiver.url, events=["started", "completed"])
    deliveries(caller, both, 2)
    assert {body["type"] for body in receiver.bodies()} == {"job.started", "job.completed"}
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 2
    job = caller.post("/edit", files=photo, data={"callback": json.dumps({"url": receiver.url})}).json()["id"]
    caller.delete(f"/jobs/{job}")
    deliveries(caller, job, 1)
    assert receiver.bodies()[-1]["data"]["status"] == "cancelled"


def test_what_does_not_arrive_is_sent_again(
    caller: httpx.Client, worker: ActedWorker, photo: dict[str, Any], receiver: Receiver
) -> None:
    receiver.answers = [500, 302, 204]
    job = edited(caller, worker, photo, url=receiver.url)
    log = deliveries(caller, job, 3)
    assert [(one["attempt"], one["status"]) for one in log] == [(1, 500), (2, 302), (3, 204)]
    assert [one["next_at"] is not None for one in log] == [True, True, False]
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1


@pytest.mark.parametrize(("answers", "sent"), [([410], 1), ([500] * 9, 3)])
def test_an_end_comes(
    caller: httpx.Client,
    worker: ActedWorker,
    photo: dict[str, Any],
    receiver: Receiver,
    answers: list[int],
    sent: int,
) -> None:
    receiver.answers = answers
    job = edited(caller, worker, photo, url=receiver.url)
    assert deliveries(caller, job, sent)[-1]["next_at"] is None
    time.sleep(1)
    assert len(receiver.calls) == sent


def test_a_receiver_that_takes_too_long_is_left(
    caller: httpx.Client, worker: ActedWorker, photo: dict[str, Any], receiver: Receiver
) -> None:
    receiver.pause = 2
    job = edited(caller, worker, photo, url=receiver.url)
    first = deliveries(caller, job, 1)[0]
    assert first["status"] is None
    assert first["error"]


def test_a_call_back_outlives_the_api(calling: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    port = free_port()
    patient = alone(calling, callback_retry_s=(0.3,) * 30)
    url = f"http://127.0.0.1:{port}/hook?who=me"
    with serving(patient) as (_, api):
        job = edited(api, worker, photo, url=url)
        wait_until(lambda: api.get(f"/jobs/{job}").json()["deliveries"])
    with receiving(port) as receiver, serving(alone(patient)) as (_, api):
        wait_until(lambda: receiver.calls)
        wait_until(lambda: api.get(f"/jobs/{job}").json()["deliveries"][-1]["status"] == 200)
        log = api.get(f"/jobs/{job}").json()["deliveries"]
    assert log[0]["status"] is None
    assert "refused" in log[0]["error"]
    assert [one["attempt"] for one in log] == list(range(1, len(log) + 1))


@pytest.mark.parametrize(
    ("callback", "field"),
    [
        ({"url": "https://elsewhere.example/"}, "callback.url"),
        ({"url": "http://127.0.0.1.elsewhere.example/"}, "callback.url"),
        ({"url": "http://me:secret@127.0.0.1/"}, "callback.url"),
        ({"url": "ftp://127.0.0.1/"}, "callback.url"),
        ({"url": "/hook"}, "callback.url"),
        ({"url": "http://127.0.0.1:x/"}, "callback.url"),
        ({"events": ["completed"]}, "callback.url"),
        ({"url": "http://127.0.0.1/", "events": ["dreamt"]}, "callback.events.0"),
        ({"url": "http://127.0.0.1/", "events": []}, "callback.events"),
    ],
)
def test_a_call_back_to_elsewhere_is_refused(
    caller: httpx.Client, worker: ActedWorker, photo: dict[str, Any], callback: dict[str, Any], field: str
) -> None:
    refused = caller.post("/edit", files=photo, data={"callback": json.dumps(callback)})
    assert assert_problem(refused, 422, "invalid_request")["errors"][0]["field"] == field


def test_it_is_off_unless_hosts_are_listed(api: httpx.Client, photo: dict[str, Any]) -> None:
    refused = api.post("/edit", files=photo, data={"callback": '{"url": "https://hooks.example/"}'})
    assert "PORTRAIT_CALLBACK_HOSTS" in assert_problem(refused, 422, "invalid_request")["errors"][0]["message"]


def test_a_name_for_a_private_address_is_not_called(
    calling: ApiSettings, photo: dict[str, Any], receiver: Receiver
) -> None:
    """On a database of its own: the callers of other tests may call."""
    strict = alone(calling, callback_networks=("10.0.0.0/8",), redis_url=f"{calling.redis_url}?db=7")
    with serving(strict) as (_, api):
        job = edited(api, ActedWorker(strict), photo, url=f"http://localhost:{receiver.port}/hook?who=me")
        assert "private address" in deliveries(api, job, 3)[0]["error"]
    assert not receiver.calls


def test_a_job_that_is_called_back_about_outlives_its_clients_patience(
    caller: httpx.Client, worker: ActedWorker, photo: dict[str, Any], receiver: Receiver
) -> None:
    fields = {"callback": json.dumps({"url": receiver.url})}
    with httpx.Client(base_url=caller.base_url, timeout=1.0) as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post("/edit", files=photo, data=fields, headers={"Prefer": "wait=60"})
    record = worker.claim()
    assert not record.cancel_requested
    worker.succeed(record)
    deliveries(caller, record.job.id, 1)
