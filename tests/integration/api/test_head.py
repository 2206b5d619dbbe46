"""HEAD: what GET answers, without the body."""

import re
import time
import warnings
from collections import Counter
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, assert_problem

pytestmark = pytest.mark.integration

# Headers that tell of the one answer alone.
OWN = {"date", "x-request-id", "cache-control"}


@pytest.fixture
def finished(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> dict[str, str]:
    """Ids of a source, of a job that has succeeded, of a batch and of a motion."""
    job = api.post("/edit", files=photo).json()["id"]
    worker.succeed(worker.claim(job), data=b"picture" * 10**6)
    source = api.post("/sources", files=photo).json()["id"]
    batch = api.post("/batches", json={"edits": [{"source_id": source}]}).json()["id"]
    worker.keep_motion("wave")
    return {"job_id": job, "source_id": source, "batch_id": batch, "motion": "wave"}


def same(api: httpx.Client, path: str) -> httpx.Response:
    got, head = api.get(path), api.head(path)
    assert head.status_code == got.status_code, path
    assert head.content == b""
    for name in (got.headers.keys() | head.headers.keys()) - OWN:
        assert head.headers.get(name) == got.headers.get(name), (path, name)
    return head


def test_every_route_that_answers_get_answers_head(api: httpx.Client, finished: dict[str, str]) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    readable = [path for path, methods in paths.items() if "get" in methods]
    assert {"/jobs/{job_id}/result", "/sliders", "/health/live", "/metrics"} <= set(readable)
    for path in readable:
        filled = path.format(**finished)
        if path == "/live":  # for WebSockets alone
            assert same(api, path).status_code == 426
        elif path == "/audit":  # for those alone whose key has its scope
            assert same(api, path).status_code == 403
        elif path == "/metrics":  # it counts its own scrapes
            assert api.head(path).status_code == 200
        else:
            assert same(api, filled).status_code == 200, path
    for path in ("/", "/docs", "/openapi.json"):
        assert same(api, path).is_success


def test_what_get_refuses_head_refuses(api: httpx.Client) -> None:
    for path, status in (
        ("/jobs/x", 404),
        ("/sources/x", 404),
        ("/nowhere", 404),
        ("/edit", 405),
        ("/jobs/x/result", 404),
    ):
        assert same(api, path).status_code == status


def test_the_size_of_a_result_is_reported(api: httpx.Client, finished: dict[str, str]) -> None:
    head = api.head(f"/jobs/{finished['job_id']}/result")
    assert head.headers["content-length"] == str(7 * 10**6)
    assert head.headers["content-type"] == "image/png"


def test_events_of_a_job_under_way_do_not_keep_head_waiting(api: httpx.Client, photo: dict[str, Any]) -> None:
    job = api.post("/edit", files=photo).json()["id"]
    began = time.monotonic()
    for _ in range(20):
        head = api.head(f"/jobs/{job}/events")
        assert head.headers["content-type"].startswith("text/event-stream")
    assert time.monotonic() - began < 10


def test_head_is_counted_by_its_route(api: httpx.Client) -> None:
    api.head("/sliders")
    pattern = r'^portrait_http_requests_total\{method="HEAD",route="/sliders",status="200"\} (.+)$'
    assert re.search(pattern, api.get("/metrics").text, re.MULTILINE)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/edit", "POST"),
        ("PUT", "/jobs/x", "DELETE, GET, HEAD"),
        ("DELETE", "/sliders", "GET, HEAD"),
        ("GET", "/talk", "POST"),
        ("PATCH", "/sources", "POST"),
    ],
)
def test_the_methods_of_a_path_are_listed(api: httpx.Client, method: str, path: str, allowed: str) -> None:
    answer = api.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


def test_every_operation_has_an_id_of_its_own(settings: ApiSettings) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = create_app(settings).openapi()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    ids = Counter(operation["operationId"] for operation in operations)
    assert max(ids.values()) == 1
    assert all("head" not in methods for methods in document["paths"].values())
