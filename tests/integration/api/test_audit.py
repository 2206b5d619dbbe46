"""The audit log: who did what, and when."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr
from websockets.sync.client import connect

from service.keys import command
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving
from workers.contract.owners import owner_of

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

ONE = {"Authorization": "Bearer key-of-one"}


@pytest.fixture(scope="module")
def keyed(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of an API with a key in its settings, and others in Redis."""
    keys = {"api_keys": (SecretStr("key-of-one"),), "require_keys": True, "audit_entries": 1000}
    with serving(alone(settings, **keys)) as (_, http):
        yield http


@pytest.fixture
def admin(
    settings: ApiSettings, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, str]:
    monkeypatch.setenv("PORTRAIT_REDIS_URL", settings.redis_url)
    assert command.main(["create", "security", "--scopes", "admin"]) == 0
    return {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}


def entries(api: httpx.Client, admin: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/audit", headers=admin, params=query).json()["entries"]
    return found


def test_who_did_what(keyed: httpx.Client, worker: ActedWorker, admin: dict[str, str], photo: dict[str, Any]) -> None:
    named = {"source": ("our secret wedding.jpg", *photo["source"][1:])}
    source = keyed.post("/sources", files=named, headers=ONE).json()["id"]
    job = keyed.post("/edit", json={"source_id": source}, headers=ONE | {"X-Request-Id": "order-17"}).json()["id"]
    worker.succeed(worker.claim(job))
    batch = keyed.post("/batches", json={"edits": [{"source_id": source}]}, headers=ONE).json()["id"]
    for path in (f"/jobs/{job}", f"/sources/{source}", "/jobs", "/sliders"):  # what nobody wants to read of
        keyed.get(path, headers=ONE)
    keyed.get(f"/jobs/{job}/result", headers=ONE)
    with connect(f"ws://{keyed.base_url.host}:{keyed.base_url.port}/live", additional_headers=ONE) as socket:
        socket.recv(10)
    keyed.delete(f"/jobs/{job}", headers=ONE)
    keyed.delete(f"/jobs/{'0' * 32}", headers=ONE)
    keyed.delete("/me/data", headers=ONE)
    keyed.get("/audit", headers=ONE)
    keyed.post("/edit", headers={"Authorization": "Bearer nobody's"})

    found = entries(keyed, admin, tenant=owner_of("key-of-one"))
    assert [(one["action"], one["resource"], one["status"]) for one in reversed(found)] == [
        ("create_source", source, 201),
        ("edit", job, 202),
        ("create_batch", batch, 202),
        ("read_result", job, 200),
        ("serve_live", None, 101),
        ("cancel_job", job, 200),
        ("cancel_job", "0" * 32, 404),
        ("erase_my_data", None, 200),
        ("read_audit", None, 403),
    ]
    assert len({one["key_id"] for one in found}) == 1
    assert found[-2]["request_id"] == "order-17"
    everybody = entries(keyed, admin)
    assert (everybody[-1]["tenant"], everybody[-1]["action"]) == ("operator", "keys create")
    assert everybody[0]["tenant"] == "security", "reading the log is in the log"
    assert "wedding" not in json.dumps(everybody)


def test_pages(keyed: httpx.Client, worker: ActedWorker, admin: dict[str, str]) -> None:
    for number in range(7):
        keyed.delete(f"/sources/{number}", headers=ONE)
    who = owner_of("key-of-one")
    seen, cursor = [], None
    while True:
        query = {"tenant": who, "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = keyed.get("/audit", headers=admin, params=query).json()
        seen += [entry["resource"] for entry in page["entries"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [str(number) for number in reversed(range(7))]
    assert_problem(keyed.get("/audit?cursor=x", headers=admin), 422, "invalid_request")


def test_the_log_has_it_too(
    keyed: httpx.Client, worker: ActedWorker, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service.audit"):
        keyed.delete("/sources/abc", headers=ONE)
    [record] = [record for record in caplog.records if record.name == "service.audit"]
    assert record.fields["action"] == "delete_source"  # type: ignore[attr-defined]
    assert "key-of-one" not in caplog.text


def test_redis_keeps_the_newest(keyed: httpx.Client, worker: ActedWorker, client: redis.Redis) -> None:
    for _ in range(20):
        with client.pipeline() as pipe:
            for _ in range(100):
                pipe.xadd("{portrait}:audit", {"entry": "old"})
            pipe.execute()
    keyed.delete("/sources/abc", headers=ONE)
    assert client.xlen("{portrait}:audit") < 1200


def test_nobody_reads_it_where_no_key_is_required(api: httpx.Client) -> None:
    assert_problem(api.get("/audit"), 403, "scope_missing")
