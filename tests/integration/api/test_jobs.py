"""A job's life as HTTP shows it."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving, wait_until
from workers.contract.errors import DamagedMediaError
from workers.contract.jobs import Problem

pytestmark = pytest.mark.integration

DOCUMENT = b'{"space": "arkit", "bundle": null, "names": [], "fps": null, "frames": []}'


def post_edit(api: httpx.Client, photo: dict[str, Any], **headers: str) -> httpx.Response:
    controls = json.dumps({"expression": {"mouthSmile": 0.5}})
    return api.post("/edit", files=photo, data={"controls": controls}, headers=headers)


def test_a_job_from_acceptance_to_result(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    accepted = post_edit(api, photo)
    job = accepted.json()
    assert accepted.status_code == 202
    assert accepted.headers["location"] == f"/jobs/{job['id']}"
    assert int(accepted.headers["retry-after"]) >= 1
    assert (job["kind"], job["status"], job["result"], job["error"]) == ("edit", "queued", None, None)

    record = worker.claim(job["id"])
    worker.progress(record, done=3)
    running = api.get(accepted.headers["location"])
    assert running.status_code == 200
    assert running.json()["status"] == "running"
    assert running.json()["progress"] == {"done": 3, "total": 10, "fps": None, "eta_s": None, "stage": "render"}
    unfinished = api.get(f"/jobs/{job['id']}/result")
    assert_problem(unfinished, 409, "job_unfinished")
    assert int(unfinished.headers["retry-after"]) >= 1

    worker.succeed(record, b"the picture")
    finished = api.get(f"/jobs/{job['id']}").json()
    assert finished["status"] == "succeeded"
    assert finished["result"]["url"] == f"/jobs/{job['id']}/result"
    assert finished["metrics"] == {"render_s": 0.1}
    result = api.get(finished["result"]["url"])
    assert (result.status_code, result.content) == (200, b"the picture")
    assert result.headers["content-type"] == "image/png"
    assert result.headers["content-length"] == "11"
    assert result.headers["content-disposition"] == f'inline; filename="edit-{record.job.id[:8]}.png"'
    assert_problem(api.get(finished["result"]["url"], params={"index": 1}), 422, "invalid_request")


def finish_soon(worker: ActedWorker, data: bytes = b"picture", media_type: str = "image/png") -> threading.Thread:
    thread = threading.Thread(target=lambda: worker.succeed(worker.claim(), data, media_type))
    thread.start()
    return thread


def test_waiting_gives_the_finished_job(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    helper = finish_soon(worker)
    answer = post_edit(api, photo, Prefer="wait=10")
    helper.join()
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=10"
    assert answer.json()["status"] == "succeeded"


def test_waiting_gives_the_media_to_who_asks_for_it(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    helper = finish_soon(worker)
    answer = post_edit(api, photo, Prefer="wait=10", Accept="image/*")
    helper.join()
    assert (answer.status_code, answer.content) == (200, b"picture")
    assert answer.headers["content-type"] == "image/png"
    job = api.get(answer.headers["location"]).json()
    assert answer.headers["content-location"] == job["result"]["url"]


def test_waiting_extraction_gives_its_document(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    helper = finish_soon(worker, DOCUMENT, "application/json")
    answer = api.post("/extract", files=photo, headers={"Prefer": "wait=10"})
    helper.join()
    assert (answer.status_code, answer.content) == (200, DOCUMENT)


def test_waiting_ends_with_202(api: httpx.Client, photo: dict[str, Any]) -> None:
    began = time.monotonic()
    answer = post_edit(api, photo, Prefer="wait=1", Accept="image/*")
    assert 0.9 < time.monotonic() - began < 3
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.json()["status"] == "queued"


def test_a_failed_job_is_its_problem(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    error = DamagedMediaError("The picture is cut off; send the whole file.")

    def fail() -> None:
        record = worker.claim()
        worker.fail(record, Problem.of(error, f"/jobs/{record.job.id}"))

    helper = threading.Thread(target=fail)
    helper.start()
    waited = post_edit(api, photo, Prefer="wait=10", Accept="image/*")
    helper.join()
    problem = assert_problem(waited, 422, DamagedMediaError.code)
    assert problem["errors"] == [{"field": "source", "message": str(error)}]
    job = api.get(waited.headers["content-location"])
    assert (job.status_code, job.json()["status"], job.json()["error"]) == (200, "failed", problem)
    assert api.get(f"/jobs/{job.json()['id']}/result").json() == problem


def test_a_waiting_job_is_cancelled_at_once(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    location = post_edit(api, photo).headers["location"]
    assert worker.queue.waiting() == 1
    for _ in range(2):
        answer = api.delete(location)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert worker.queue.waiting() == 0
    assert_problem(api.get(f"{location}/result"), 409, "job_cancelled")


def test_a_running_job_learns_that_it_is_cancelled(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    location = post_edit(api, photo).headers["location"]
    record = worker.claim()
    assert worker.progress(record, done=1) is False
    assert api.delete(location).json()["status"] == "running"
    assert worker.progress(record, done=2) is True
    worker.store.end_cancelled(record.job.id, record.attempt, {})
    assert api.get(location).json()["status"] == "cancelled"
    assert api.delete(location).status_code == 200


def test_the_same_idempotency_key_is_the_same_job(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    first = post_edit(api, photo, **{"Idempotency-Key": "one"}).json()["id"]
    assert post_edit(api, photo, **{"Idempotency-Key": "one"}).json()["id"] == first
    assert post_edit(api, photo, **{"Idempotency-Key": "two"}).json()["id"] != first
    assert worker.queue.waiting() == 2
    other = api.post("/edit", files=photo, headers={"Idempotency-Key": "one"})
    assert_problem(other, 422, "idempotency_key_reused")
    assert_problem(post_edit(api, photo, **{"Idempotency-Key": "x" * 300}), 400, "malformed_header")


def test_an_expired_result_is_gone(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    location = post_edit(api, photo).headers["location"]
    record = worker.claim()
    worker.succeed(record)
    worker.blobs.delete(f"results/{record.owner}/{record.job.id}-1-0")
    assert_problem(api.get(f"{location}/result"), 410, "result_expired")


@pytest.mark.parametrize("path", ["", "/result", "/events"])
def test_an_unknown_job_is_not_found(api: httpx.Client, path: str) -> None:
    problem = assert_problem(api.get(f"/jobs/nothing{path}"), 404, "unknown_job")
    assert problem["instance"] == f"/jobs/nothing{path}"


def read_events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """All events until the server ends the stream."""
    event: dict[str, Any] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name:
            event[name] = json.loads(value) if name == "data" else value
        elif event:
            yield event
            event = {}


def test_events_tell_the_whole_way(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    location = post_edit(api, photo).headers["location"]

    def work() -> None:
        record = worker.claim()
        for done in range(1, 4):
            worker.progress(record, done)
            time.sleep(0.2)  # changes in quick succession may be seen as one
        worker.succeed(record)

    with api.stream("GET", f"{location}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = read_events(response)
        events = [next(stream)]
        helper = threading.Thread(target=work)
        helper.start()
        events += stream
        helper.join()
    assert [event["event"] for event in events] == ["progress"] * (len(events) - 1) + ["done"]
    assert {event["data"]["progress"]["done"] for event in events} >= {0, 1, 2, 3}
    assert events[0]["data"]["status"] == "queued"
    assert events[-1]["data"]["status"] == "succeeded"
    assert all(event["id"] for event in events)


@pytest.mark.parametrize("headers", [{}, {"Last-Event-ID": "1-3"}], ids=["late", "reconnecting"])
def test_who_comes_late_gets_the_state_at_once(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], headers: dict[str, str]
) -> None:
    location = post_edit(api, photo).headers["location"]
    worker.succeed(worker.claim())
    began = time.monotonic()
    with api.stream("GET", f"{location}/events", headers=headers) as response:
        events = list(read_events(response))
    assert time.monotonic() - began < 1
    assert [(event["event"], event["data"]["status"]) for event in events] == [("done", "succeeded")]


def test_shutdown_ends_long_answers(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    with serving(alone(settings)) as (server, api):
        location = post_edit(api, photo).headers["location"]
        answers: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: answers.append(post_edit(api, photo, Prefer="wait=60")))
        waiting.start()
        wait_until(lambda: worker.queue.waiting() == 2)
        with api.stream("GET", f"{location}/events") as response:
            events = read_events(response)
            assert next(events)["event"] == "progress"
            server.should_exit = True
            began = time.monotonic()
            assert list(events) == []
        waiting.join()
    assert time.monotonic() - began < 5
    assert answers[0].status_code == 202


def hang_up(api: httpx.Client, photo: dict[str, Any], **headers: str) -> None:
    """Send an edit, wait for it, and go before it is answered."""
    with httpx.Client(base_url=api.base_url, timeout=1.0) as impatient, pytest.raises(httpx.ReadTimeout):
        post_edit(impatient, photo, Prefer="wait=60", **headers)


@pytest.mark.parametrize("running", [False, True], ids=["waiting", "running"])
def test_a_client_that_hangs_up_takes_its_job_along(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], running: bool
) -> None:
    client = threading.Thread(target=hang_up, args=(api, photo))
    client.start()
    wait_until(lambda: worker.queue.waiting() == 1)
    record = worker.claim() if running else None
    client.join()
    if record is not None:
        wait_until(lambda: worker.store.get(record.job.id).cancel_requested)
    else:
        wait_until(lambda: worker.queue.waiting() == 0)
        assert api.get("/jobs").json()["jobs"][0]["status"] == "cancelled"


def test_a_job_that_may_be_requested_again_outlives_its_clients_patience(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    hang_up(api, photo, **{"Idempotency-Key": "again"})
    record = worker.claim()
    assert not record.cancel_requested
    worker.succeed(record)
    assert post_edit(api, photo, **{"Idempotency-Key": "again"}).json()["status"] == "succeeded"
