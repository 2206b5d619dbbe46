"""Several bundles on one Redis: requests name the one that they want, and a canary gets its fraction of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.conftest import ActedWorker, assert_problem
from tests.integration.conftest import BUNDLE
from workers.contract.bundle import BundleIdentity
from workers.contract.queue_names import QueueName

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.integration

NEXT = BundleIdentity(name=BUNDLE.name, version="2", digest="2" * 64)
OTHER = BundleIdentity(name="other", version="1", digest="3" * 64)


@pytest.fixture
def source(api: httpx.Client, photo: dict[str, Any]) -> str:
    return str(api.post("/sources", files=photo).json()["id"])


def lane(worker: ActedWorker, job: dict[str, Any]) -> str | None:
    return worker.store.get(job["id"]).lane


def test_a_request_names_its_bundle(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    worker.appear(name="other", bundle=OTHER, traffic=0.0, code_version="0.1.0+abc")
    for choice in ("other", "other:1", f"other:{OTHER.digest}", f"other:{OTHER.digest[:12]}"):
        job = api.post("/edit", json={"source_id": source, "bundle": choice})
        assert job.status_code == 202, job.text
        assert lane(worker, job.json()) == OTHER.digest
        assert worker.queue.remove(worker.store.get(job.json()["id"])) is None
    form = api.post("/edit", data={"source_id": source, "bundle": "other"}).json()
    assert lane(worker, form) == OTHER.digest
    for _ in range(20):
        assert lane(worker, api.post("/edit", json={"source_id": source}).json()) is None, "its traffic is 0"


def test_bundles_are_listed(api: httpx.Client, worker: ActedWorker) -> None:
    worker.appear(name="other", bundle=OTHER, speaks=False, traffic=0.1, code_version="0.1.0+abc")
    worker.appear(name="third", queues=(QueueName.BATCH,))
    first, second = api.get("/v1/bundles").json()["bundles"]
    assert (first["name"], first["workers"], first["queues"]) == (BUNDLE.name, 2, {"interactive": 1, "batch": 2})
    assert (first["traffic"], first["speaks"], first["space"]) == (None, True, "arkit")
    assert second["digest"] == OTHER.digest
    assert (second["traffic"], second["speaks"], second["code_versions"]) == (0.1, False, ["0.1.0+abc"])
    assert api.get("/health/ready").json()["queues"] == {"interactive": 1, "batch": 2}, "canaries apart"
    assert api.get("/sliders").json()["bundle"]["name"] == BUNDLE.name
    assert api.get("/sliders", params={"bundle": "other"}).json()["bundle"] == OTHER.model_dump()


@pytest.mark.parametrize("route", ["/edit", "/faces", "/extract", "/talk"])
def test_an_unknown_bundle_is_refused_with_those_that_there_are(
    api: httpx.Client, worker: ActedWorker, source: str, route: str
) -> None:
    body = {"source_id": source, "bundle": "acted:3"}
    problem = assert_problem(api.post(route, json=body), 422, "unknown_bundle")
    assert problem["errors"][0]["field"] == "bundle"
    assert "acted:1" in problem["detail"]
    assert worker.queue.waiting() == 0
    assert_problem(api.get("/sliders", params={"bundle": "nobody"}), 422, "unknown_bundle")


def test_a_bundle_whose_workers_have_gone_is_not_waited_for(
    api: httpx.Client, worker: ActedWorker, source: str
) -> None:
    worker.appear(name="other", bundle=OTHER)
    worker.presence.leave("other")
    refused = api.post("/edit", json={"source_id": source, "bundle": "other"})
    assert_problem(refused, 503, "bundle_not_served")
    assert int(refused.headers["retry-after"]) > 0
    worker.appear(name="other", bundle=OTHER, queues=(QueueName.BATCH,))
    refused = api.post("/edit", json={"source_id": source, "bundle": "other"})
    assert "interactive" in assert_problem(refused, 503, "bundle_not_served")["detail"]


def test_what_a_named_bundle_cannot_do_is_refused(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    worker.appear(name="other", bundle=OTHER, speaks=False)
    body = {"source_id": source, "options": {"idle": 2}}
    assert api.post("/talk", json=body | {"bundle": BUNDLE.name}).status_code == 202
    assert_problem(api.post("/talk", json=body | {"bundle": "other"}), 501, "no_speech_model")


def test_a_name_alone_means_the_bundle_that_is_no_canary(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    worker.appear(name="next", bundle=NEXT, traffic=0.1)
    body = {"source_id": source, "bundle": BUNDLE.name}
    assert lane(worker, api.post("/edit", json=body).json()) == BUNDLE.digest
    body["bundle"] += ":2"
    assert lane(worker, api.post("/edit", json=body).json()) == NEXT.digest


def test_a_canary_gets_its_fraction_photo_by_photo(worker: ActedWorker, api: httpx.Client) -> None:
    worker.appear(name="next", bundle=NEXT, traffic=0.25)
    worker.appear(name="third", bundle=OTHER, traffic=0.1)
    router = worker.router
    drawn = [router.lane(QueueName.INTERACTIVE, None, f"owner:{number}") for number in range(2000)]
    assert drawn == [router.lane(QueueName.INTERACTIVE, None, f"owner:{number}") for number in range(2000)]
    assert 400 < drawn.count(NEXT.digest) < 600
    assert 130 < drawn.count(OTHER.digest) < 270
    assert drawn.count(None) > 1150


def test_equal_requests_get_the_same_bundle(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    worker.appear(name="next", bundle=NEXT, traffic=0.5)
    jobs = [api.post("/edit", files=photo).json() for _ in range(6)]
    assert len({lane(worker, job) for job in jobs}) == 1


def test_a_canary_that_can_do_less_gets_no_unnamed_request(api: httpx.Client, worker: ActedWorker) -> None:
    worker.appear(name="next", bundle=NEXT, traffic=1.0, speaks=False)
    assert worker.router.lane(QueueName.INTERACTIVE, None, "anybody") is None


def test_a_repeated_request_gets_its_first_job_whatever_the_bundles_are_by_then(
    api: httpx.Client, worker: ActedWorker, source: str
) -> None:
    headers, body = {"Idempotency-Key": "once"}, {"source_id": source}
    first = api.post("/edit", json=body, headers=headers).json()
    worker.appear(name="next", bundle=NEXT, traffic=1.0)
    assert api.post("/edit", json=body, headers=headers).json()["id"] == first["id"]
    other = body | {"bundle": BUNDLE.name}
    assert_problem(api.post("/edit", json=other, headers=headers), 422, "idempotency_key_reused")


def test_what_waited_for_a_canary_that_has_gone_is_for_any_worker(
    api: httpx.Client, worker: ActedWorker, source: str
) -> None:
    worker.appear(name="next", bundle=NEXT, traffic=1.0)
    drawn = api.post("/edit", json={"source_id": source}).json()
    named = api.post("/edit", json={"source_id": source, "bundle": "acted:2"}).json()
    assert lane(worker, drawn) == NEXT.digest
    assert worker.store.get(drawn["id"]).job.status == "queued"
    worker.presence.leave("next")
    reaper = worker.reaper
    for _ in range(3):
        reaper.sweep()
    assert lane(worker, drawn) is None
    assert (drawn["id"], 1) in worker.queue.entries()
    assert worker.claim(drawn["id"]).lane is None
    assert lane(worker, named) == NEXT.digest, "it was asked for, and waits until one comes back"


def test_a_batch_is_made_by_one_bundle(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    worker.appear(name="next", bundle=NEXT, traffic=0.5)
    worker.appear(name="third", bundle=OTHER, traffic=0.0)
    edits: list[dict[str, Any]] = [{"source_id": source, "controls": {"pose": {"yaw": yaw}}} for yaw in range(6)]
    edits[3]["bundle"] = "other"
    batch = api.post("/batches", json={"edits": edits}).json()
    lanes = [lane(worker, job) for job in api.get(batch["jobs_url"]).json()["jobs"]]
    assert lanes.pop(3) == OTHER.digest
    assert len(set(lanes)) == 1
    edits[2]["bundle"] = "nobody"
    problem = assert_problem(api.post("/batches", json={"edits": edits}), 422, "invalid_request")
    assert problem["errors"][0]["field"] == "edits.2.bundle"


def test_places_count_those_before_in_the_own_lane(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    worker.appear(name="other", bundle=OTHER, traffic=0.0)
    for _ in range(3):
        api.post("/edit", json={"source_id": source})
    named = api.post("/edit", json={"source_id": source, "bundle": "other"}).json()
    assert named["queue"]["position"] == 1
    assert api.get("/metrics").text.count('portrait_jobs_waiting{queue="interactive"} 4.0') == 1
