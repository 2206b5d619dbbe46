"""Health, metrics, keys, limits, and what happens when Redis or the workers are away."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from pydantic import SecretStr

from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, free_port, serving, wait_until
from tests.integration.conftest import BUNDLE, RedisServer
from workers.contract.presence import WorkerPresence, WorkerState
from workers.contract.queue_names import QueueName

pytestmark = pytest.mark.integration

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100)


def test_ready_tells_the_state_of_the_workers(api: httpx.Client, worker: ActedWorker) -> None:
    for state, status in (
        (WorkerState.READY, 200),
        (WorkerState.BUSY, 200),
        (WorkerState.STARTING, 503),
        (WorkerState.SETUP_FAILED, 503),
    ):
        worker.appear(state)
        answer = api.get("/health/ready")
        assert (answer.status_code, answer.json()["state"]) == (status, state)
        assert answer.json()["workers"] == {**dict.fromkeys(WorkerState, 0), state: 1}
    worker.presence.leave(worker.NAME)
    problem = assert_problem(api.get("/health/ready"), 503, "not_ready")
    assert sum(problem["workers"].values()) == 0


@pytest.mark.parametrize("state", WorkerState)
def test_strangers_learn_counts_and_states_alone(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], state: WorkerState
) -> None:
    api.post("/edit", files=photo)
    job = worker.claim().job.id
    secrets = {"name": "host.example-4711-ab", "job_id": job, "detail": "BundleError: /secret/bundle is altered"}
    worker.presence.announce(WorkerPresence(state=state, **secrets), ttl_s=5)
    worker.presence.leave(worker.NAME)
    for path in ("/health/live", "/health/ready", "/metrics", "/sliders", "/openapi.json"):
        answer = api.get(path).text
        assert not [secret for secret in secrets.values() if secret in answer], path
    assert "secret" not in api.get("/health/ready").text


def test_sliders_are_the_workers(api: httpx.Client, client: redis.Redis) -> None:
    document = api.get("/sliders").json()
    assert document["coefficients"] == 59
    assert "jawOpen" in {slider["name"] for slider in document["expression"]}
    client.delete("{portrait}:bundles")
    for answer in (api.get("/sliders"), api.post("/edit", data={"controls": "{}"})):
        assert_problem(answer, 503, "no_worker_yet")
        assert int(answer.headers["retry-after"]) > 0


def test_a_job_that_no_live_worker_would_take_is_refused_and_leaves_nothing(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], client: redis.Redis
) -> None:
    files, named = photo | {"audio": ("speech.wav", WAV, "audio/wav")}, {"Idempotency-Key": "known"}
    first = api.post("/talk", files=files, headers=named)
    assert api.get("/health/ready").json()["queues"] == {"interactive": 1, "batch": 1}
    edits_only = WorkerPresence(
        name=worker.NAME, state=WorkerState.READY, bundle=BUNDLE, queues=(QueueName.INTERACTIVE,)
    )
    worker.presence.announce(edits_only, ttl_s=600)
    before = set(client.scan_iter("{portrait}:source:*"))

    other = {**files, "audio": ("speech.wav", WAV + b"x", "audio/wav")}
    refused = api.post("/talk", files=other)

    assert "`batch`" in assert_problem(refused, 503, "queue_not_served")["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert set(client.scan_iter("{portrait}:source:*")) == before
    assert api.post("/edit", files=photo).status_code == 202
    assert api.post("/talk", files=files, headers=named).json()["id"] == first.json()["id"], "there is a job already"
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["queues"]) == (200, {"interactive": 1, "batch": 0})
    assert 'portrait_queue_workers{queue="batch"} 0.0' in api.get("/metrics").text
    worker.presence.leave(worker.NAME)
    assert api.post("/talk", files=other).status_code == 202, "without any worker jobs wait for the first one"


def test_bundles_in_use_are_counted_and_named(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    assert api.get("/sliders").json()["bundle"] == BUNDLE.model_dump()
    assert api.get("/health/ready").json()["bundles"] == 1
    other = BUNDLE.model_copy(update={"version": "2", "digest": "1" * 64})
    worker.presence.announce(WorkerPresence(name="updated", state=WorkerState.BUSY, bundle=other), ttl_s=600)
    assert api.get("/health/ready").json()["bundles"] == 2
    text = api.get("/metrics").text
    for bundle in (BUNDLE, other):
        labels = f'canary="false",digest="{bundle.digest}",name="{bundle.name}",version="{bundle.version}"'
        assert f"portrait_bundle_workers{{{labels}}} 1.0" in text
    job = api.post("/edit", files=photo).json()
    assert job["bundle"] is None
    worker.claim(job["id"])
    assert api.get(f"/jobs/{job['id']}").json()["bundle"] == BUNDLE.model_dump()


def test_metrics_tell_traffic_queue_and_workers(api: httpx.Client, photo: dict[str, Any]) -> None:
    def accepted() -> float:
        pattern = r'^portrait_http_requests_total\{method="POST",route="/edit",status="202"\} (.+)$'
        counted = re.search(pattern, api.get("/metrics").text, re.MULTILINE)
        return float(counted[1]) if counted else 0.0

    before = accepted()
    api.post("/edit", files=photo)
    assert accepted() == before + 1
    text = api.get("/metrics").text
    assert 'portrait_jobs_waiting{queue="interactive"} 1.0' in text
    assert 'portrait_jobs_waiting{queue="batch"} 0.0' in text
    assert 'portrait_queue_oldest_seconds{queue="batch"} 0.0' in text
    oldest = re.search(r'^portrait_queue_oldest_seconds\{queue="interactive"\} (.+)$', text, re.MULTILINE)
    assert oldest is not None
    assert 0 < float(oldest[1]) < 60
    assert 'portrait_workers{state="ready"} 1.0' in text
    assert "portrait_redis_up 1.0" in text


@pytest.fixture
def away(tmp_path: Path) -> Iterator[httpx.Client]:
    """An API whose Redis does not answer."""
    missing = f"unix://{tmp_path}/nobody.sock"
    with serving(ApiSettings(redis_url=missing, storage_url=str(tmp_path), port=free_port())) as (_, client):
        yield client


def test_without_redis_the_api_lives_and_says_so(away: httpx.Client, photo: dict[str, Any]) -> None:
    began = time.monotonic()
    assert away.get("/health/live").status_code == 200
    assert_problem(away.get("/health/ready"), 503, "not_ready")
    assert "portrait_redis_up 0.0" in away.get("/metrics").text
    for answer in (
        away.post("/edit", files=photo),
        away.get("/jobs/x"),
        away.get("/jobs/x/events"),
        away.get("/sliders"),
    ):
        assert_problem(answer, 503, "store_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert time.monotonic() - began < 5


def test_redis_going_away_ends_long_answers_and_loses_no_job(
    api: httpx.Client, worker: ActedWorker, redis_server: RedisServer, photo: dict[str, Any]
) -> None:
    location = api.post("/edit", files=photo).headers["location"]
    answers: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(api.post("/edit", files=photo, headers={"Prefer": "wait=60"}))
    )
    waiting.start()
    wait_until(lambda: worker.queue.waiting() == 2)
    with api.stream("GET", f"{location}/events") as response:
        lines = response.iter_lines()
        assert next(lines) == "event: progress"
        redis_server.stop()
        try:
            assert "event: done" not in list(lines)
            waiting.join(10)
            assert [answer.status_code for answer in answers] == [202]
            assert_problem(api.get(location), 503, "store_unavailable")
        finally:
            redis_server.start()
    assert api.get(location).json()["status"] == "queued"


def test_a_full_queue_turns_jobs_away_and_keeps_nothing_of_them(
    settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any], astronaut_png: Path
) -> None:
    other = {"source": astronaut_png.read_bytes()}
    unused = hashlib.sha256(other["source"]).hexdigest()
    with serving(alone(settings, max_queued=1)) as (_, api):
        key = {"Idempotency-Key": "mine"}
        first = api.post("/edit", files=photo, headers=key).json()
        for route, files in (("/edit", other), ("/reenact", {"driver": other["source"], **photo})):
            refused = api.post(route, files=files)
            assert_problem(refused, 503, "queue_full")
            assert int(refused.headers["retry-after"]) > 0
        assert api.get(f"/sources/{unused}").status_code == 404
        assert api.post("/edit", files=photo, headers=key).json() == first, "a repeated request needs no room"
        assert_problem(api.post("/edit", files=other, headers=key), 422, "idempotency_key_reused")
        assert api.get(f"/sources/{unused}").status_code == 404, "nor is anything kept of what is refused late"
        assert worker.queue.waiting() == 1


def test_keyframes_may_make_as_many_frames_as_are_accepted(
    settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    def request_waiting(seconds: float) -> httpx.Response:
        controls = json.dumps({"keyframes": [{"time": 0}, {"time": seconds}]})
        return api.post("/edit", files=photo, data={"controls": controls, "options": '{"output": {"fps": 50}}'})

    with serving(alone(settings, max_frames=101)) as (_, api):
        assert request_waiting(2.0).status_code == 202
        problem = assert_problem(request_waiting(2.1), 422, "invalid_request")
        assert problem["errors"][0]["field"] == "controls.keyframes.1.time"
        assert "2 s at most" in problem["detail"]
        assert worker.queue.waiting() == 1


def test_what_was_uploaded_before_outlives_a_refused_request(
    settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    with serving(alone(settings, max_queued=1)) as (_, api):
        source = api.post("/sources", files=photo).json()["id"]
        api.post("/extract", files=photo, headers={"Idempotency-Key": "mine"})
        assert_problem(api.post("/edit", files=photo), 503, "queue_full")
        assert_problem(
            api.post("/edit", files=photo, headers={"Idempotency-Key": "mine"}), 422, "idempotency_key_reused"
        )
        record = worker.claim()
        with worker.sources.open(record.owner, source) as file:
            assert file.read() == photo["source"][1]


def test_keys(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    keys = (SecretStr("one"), SecretStr("two"))
    with serving(alone(settings, api_keys=keys)) as (_, api):
        missing = api.post("/edit", files=photo)
        assert_problem(missing, 401, "key_missing")
        assert missing.headers["www-authenticate"].startswith("Bearer")
        assert_problem(api.get("/sliders", headers={"Authorization": "Basic b25l"}), 401, "key_missing")
        assert_problem(api.get("/sliders", headers={"Authorization": "Bearer three"}), 403, "key_rejected")
        for path in ("/jobs/x", "/jobs/x/result", "/jobs/x/events", "/sources/x"):
            assert_problem(api.get(path), 401, "key_missing")
        for key in ("one", "two"):
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "same"}
            assert api.post("/edit", files=photo, headers=headers).status_code == 202
        assert worker.queue.waiting() == 2, "idempotency keys belong to the client who chose them"
        for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"):
            assert api.get(path).status_code == 200


def test_rate_limit(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    with serving(alone(settings, rate_limit=2)) as (_, api):
        # Three requests may straddle a minute's end, five cannot all be within the limit.
        answers = [api.post("/sources", files=photo) for _ in range(5)]
        limited = next(answer for answer in answers if answer.status_code != 201)
        assert_problem(limited, 429, "rate_limited")
        assert 0 < int(limited.headers["retry-after"]) <= 60
        assert all(api.get("/sliders").status_code == 200 for _ in range(5)), "reading is free"


@pytest.mark.parametrize(
    ("trusted", "expected"), [((), 429), (("10.0.0.0/8",), 429), (("127.0.0.1",), 201)], ids=["none", "others", "this"]
)
def test_only_a_trusted_proxy_says_who_calls(
    settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any], trusted: tuple[str, ...], expected: int
) -> None:
    with serving(alone(settings, rate_limit=2, trusted_proxies=trusted)) as (_, api):
        last = [api.post("/sources", files=photo, headers={"X-Forwarded-For": f"192.0.2.{i}"}) for i in range(5)][-1]
        assert last.status_code == expected
        # What a client of the proxy claims itself stands before what the proxy saw.
        claims = [f"198.51.100.{i}, 203.0.113.1" for i in range(5)]
        last = [api.post("/sources", files=photo, headers={"X-Forwarded-For": claim}) for claim in claims][-1]
        assert last.status_code == 429


def test_pages_of_allowed_origins_may_call(settings: ApiSettings, worker: ActedWorker) -> None:
    with serving(alone(settings, cors_origins=("https://a.example",))) as (_, api):
        allowed = api.get("/sliders", headers={"Origin": "https://a.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://a.example"
        exposed = set(allowed.headers["access-control-expose-headers"].split(", "))
        assert {"Location", "Retry-After", "ETag", "Content-Range", "Accept-Ranges", "Content-Length"} <= exposed
        preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range, authorization"}
        answer = api.options("/jobs/x/result", headers={"Origin": "https://a.example", **preflight})
        assert answer.status_code == 200
        assert "range" in answer.headers["access-control-allow-headers"]
        assert "access-control-allow-origin" not in api.get("/sliders", headers={"Origin": "https://b.example"}).headers


def test_no_origin_is_allowed_by_default(api: httpx.Client) -> None:
    answer = api.get("/sliders", headers={"Origin": "https://a.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("PUT", "/edit", 405, "method_not_allowed")],
)
def test_wrong_addresses_are_problems_too(api: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    answer = api.request(method, path)
    assert_problem(answer, status, code)
    if status == 405:
        assert answer.headers["allow"] == "POST"


def test_the_documentation_page_works_without_the_internet(api: httpx.Client) -> None:
    page = api.get("/docs").text
    scripts = re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', page)
    assert len(scripts) >= 2
    for script in scripts:
        assert script.startswith("/"), "from this server"
        assert api.get(script).status_code == 200


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_openapi_document_is_whole(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert {reference.removeprefix("#/components/schemas/") for reference in references(document)} <= schemas.keys()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], f"{method} {path}"
            problems = [status for status in operation["responses"] if status >= "400"]
            assert all(
                "application/problem+json" in operation["responses"][status]["content"] for status in problems
            ), f"{method} {path}"
    edit = document["paths"]["/edit"]["post"]
    assert set(edit["requestBody"]["content"]) == {"multipart/form-data", "application/json"}
    assert edit["requestBody"]["content"]["application/json"]["examples"]
    assert {"200", "202", "413", "415", "422", "503"} <= edit["responses"].keys()
    assert "HTTPValidationError" not in schemas, "this API answers with problems"
    assert edit["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/EditBody"}
    assert schemas["EditBody"]["properties"]["source_id"]["maxLength"] == 200
    assert "1,048,576 values, 65,536 objects and lists, and 32 levels" in edit["requestBody"]["description"]
    controls = schemas["Controls"]["properties"]
    assert controls["expression"]["maxProperties"] == 128
    assert controls["expression"]["propertyNames"] == {"maxLength": 64}
    assert [kind.get("maxItems") for kind in controls["coefficients"]["anyOf"]] == [256, None]
    assert [kind.get("maxItems") for kind in controls["keyframes"]["anyOf"]] == [1000, None]
    assert schemas["Problem"]["properties"]["errors"]["anyOf"][0]["maxItems"] == 20
