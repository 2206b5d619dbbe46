"""POST /batches: many edits with one status, fair with other jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving, wait_until
from workers.contract.errors import DamagedMediaError
from workers.contract.jobs import Problem
from workers.contract.queue_names import QueueName
from workers.contract.records import job_key

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration


@pytest.fixture
def source(api: httpx.Client, photo: dict[str, Any]) -> str:
    return str(api.post("/sources", files=photo).json()["id"])


def batch_of(api: httpx.Client, source: str, count: int, **body: Any) -> dict[str, Any]:
    """A new batch of edits that differ."""
    edits = [{"source_id": source, "controls": {"pose": {"yaw": place / 100}}} for place in range(count)]
    answer = api.post("/batches", json={"edits": edits} | body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/batches/{answer.json()['id']}"
    batch: dict[str, Any] = answer.json()
    return batch


def read(api: httpx.Client, batch: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/batches/{batch['id']}").json()
    return found


def test_a_batch_ends_when_all_of_its_edits_have(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    batch = batch_of(api, source, 5, metadata={"campaign": "spring"})
    assert (batch["status"], batch["total"], batch["metadata"]) == ("queued", 5, {"campaign": "spring"})
    assert batch["counts"] == {"queued": 5, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
    first = api.get(batch["jobs_url"], params={"limit": 1}).json()["jobs"][0]["id"]
    record = worker.claim(first)
    assert read(api, batch)["status"] == "running"
    worker.fail(record, Problem.of(DamagedMediaError("It breaks off.")))
    for _ in range(4):
        worker.succeed(worker.claim())
    done = read(api, batch)
    assert done["status"] == "completed"
    assert done["counts"] == {"queued": 0, "running": 0, "succeeded": 4, "failed": 1, "cancelled": 0}
    assert done["finished_at"] is not None
    listed = api.get(done["jobs_url"]).json()
    assert [job["status"] for job in listed["jobs"]] == ["failed"] + 4 * ["succeeded"]
    assert {job["batch"] for job in listed["jobs"]} == {batch["id"]}
    assert api.get(listed["jobs"][1]["result"]["url"]).content == b"picture"
    assert listed["jobs"][0]["error"]["code"] == "damaged_media"


def test_other_jobs_get_their_turn(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    first, second = batch_of(api, source, 20), batch_of(api, source, 20)
    assert len(worker.queue.entries()) == 4, "two of each for the one worker"
    metrics = api.get("/metrics").text
    for sample in ("portrait_batches 2.0", 'edits{state="held"} 36.0', 'edits{state="under_way"} 4.0'):
        assert sample in metrics
    edit = api.post("/edit", json={"source_id": source}).json()
    assert edit["queue"]["position"] == 1, "before all of them"
    ended = {first["id"]: 0, second["id"]: 0}
    for _ in range(8):
        record = worker.claim(worker.queue.first(1)[QueueName.BATCH][0])
        worker.succeed(record)
        assert record.job.batch is not None
        ended[record.job.batch] += 1
        worker.batches.feed(record.job.batch)
    assert ended == {first["id"]: 4, second["id"]: 4}, "by turns"


def test_a_batch_goes_on_though_nobody_feeds_it(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    batch = batch_of(api, source, 4)
    for _ in range(4):  # a reaper puts the later ones into the queue
        worker.succeed(worker.claim())
    wait_until(lambda: read(api, batch)["status"] == "completed")


def test_a_thousand_edits_are_taken_and_cancelled(
    api: httpx.Client, worker: ActedWorker, client: redis.Redis, source: str
) -> None:
    batch = batch_of(api, source, 1000)
    assert len(worker.queue.entries()) == 2
    done = api.delete(f"/batches/{batch['id']}").json()
    assert (done["status"], done["counts"]["cancelled"]) == ("cancelled", 1000)
    assert not worker.queue.entries()
    assert api.delete(f"/batches/{batch['id']}").json() == done
    time.sleep(1.5)  # a reaper has looked
    assert not worker.queue.entries()
    pages, cursor = [], "0"
    while cursor is not None:
        page = api.get(batch["jobs_url"], params={"cursor": cursor}).json()
        pages.append([job["id"] for job in page["jobs"]])
        cursor = page["next_cursor"]
    assert [len(page) for page in pages] == [100] * 10
    assert client.ttl(job_key(pages[-1][-1])) > 0


def test_a_cancelled_batch_stops_what_runs(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    batch = batch_of(api, source, 3)
    running = worker.claim()
    cancelled = api.delete(f"/batches/{batch['id']}").json()
    assert (cancelled["status"], cancelled["counts"]["cancelled"]) == ("running", 2)
    assert worker.progress(running, 1), "it is to stop"
    worker.store.end_cancelled(running.job.id, running.attempt, {})
    assert read(api, batch)["status"] == "cancelled"


def test_wrong_edits_are_refused_together(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    good = {"source_id": source}
    for edits, field in (
        ([good, good | {"controls": {"expression": {"jawOpn": 1}}}], "edits.1.controls.expression.jawOpn"),
        ([good, {"source_id": "0" * 64}], "edits.1.source_id"),
        ([good, {}], "edits.1.source_id"),
        ([good | {"callback": {"url": "https://hooks.example/"}}], "edits.0.callback.url"),
        ([good] * 1001, "edits"),
        ([], "edits"),
    ):
        refused = assert_problem(api.post("/batches", json={"edits": edits}), 422, "invalid_request")
        assert refused["errors"][0]["field"] == field
    assert not worker.queue.entries()
    assert api.get("/jobs").json()["jobs"] == []
    assert_problem(api.post("/batches", data={"edits": "[]"}), 415, "unsupported_content_type")
    broken = api.post("/batches", content=b"[", headers={"Content-Type": "application/json"})
    assert_problem(broken, 400, "malformed_body")


def test_the_same_key_makes_one_batch(api: httpx.Client, source: str) -> None:
    edits, named = [{"source_id": source}], {"Idempotency-Key": "mine"}
    first = api.post("/batches", json={"edits": edits}, headers=named).json()
    assert api.post("/batches", json={"edits": edits}, headers=named).json()["id"] == first["id"]
    other = api.post("/batches", json={"edits": edits * 2}, headers=named)
    assert_problem(other, 422, "idempotency_key_reused")


def test_anothers_batch_does_not_exist(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    keyed = alone(settings, api_keys=(SecretStr("key-of-one"), SecretStr("key-of-two")), max_batches=1)
    one, two = ({"Authorization": f"Bearer {key}"} for key in ("key-of-one", "key-of-two"))
    with serving(keyed) as (_, api):
        source = api.post("/sources", files=photo, headers=one).json()["id"]
        batch = api.post("/batches", json={"edits": [{"source_id": source}]}, headers=one).json()
        for method, path in (("GET", ""), ("GET", "/jobs"), ("DELETE", "")):
            foreign = api.request(method, f"/batches/{batch['id']}{path}", headers=two)
            assert_problem(foreign, 404, "unknown_batch")
        refused = api.post("/batches", json={"edits": [{"source_id": source}]}, headers=one)
        assert_problem(refused, 503, "queue_full")
