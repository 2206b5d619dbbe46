"""The API under /v1: the same, and its addresses stay there."""

import json
import re
from typing import Any

import httpx
import pytest

from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving

pytestmark = pytest.mark.integration


def test_every_route_is_there_too(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    assert [server["url"] for server in document["servers"]] == ["/v1", "/"]
    assert api.get("/v1/openapi.json").json() == document, "one document, relative to its servers"
    readable = [path for path, methods in document["paths"].items() if "get" in methods and "{" not in path]
    assert "/sliders" in readable
    others = {"/live": 426, "/audit": 403}  # for WebSockets, and for keys with the scope alone
    for path in (*readable, "/docs"):
        assert api.get(f"/v1{path}").status_code == others.get(path, 200), path
    for script in re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', api.get("/v1/docs").text):
        assert api.get(script).status_code == 200


def test_addresses_of_a_job_stay_under_the_version(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    accepted = api.post("/v1/edit", files=photo)
    location, job = accepted.headers["location"], accepted.json()["id"]
    assert location == f"/v1/jobs/{job}"
    assert api.get(location).json()["status"] == "queued"
    worker.succeed_with(worker.claim(job), [b"one", b"two"], "image/png")
    finished = api.get(location).json()
    urls = [f"/v1/jobs/{job}/result?index={index}" for index in (0, 1)]
    assert [result["url"] for result in (finished["result"], *finished["results"])] == [urls[0], *urls]
    events = api.get(f"{location}/events").text
    assert json.loads(re.findall(r"^data: (.+)$", events, re.MULTILINE)[-1]) == finished
    for url, content in zip(urls, (b"one", b"two"), strict=True):
        answer = api.get(url)
        assert (answer.content, answer.headers["content-location"]) == (content, url)
    assert api.delete(location).json() == finished

    unversioned = api.get(f"/jobs/{job}").json()
    assert [result["url"] for result in unversioned["results"]] == [url.removeprefix("/v1") for url in urls]


def test_addresses_in_the_answer_to_who_waited_stay_there(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    def again(**headers: str) -> httpx.Response:
        return api.post("/v1/edit", files=photo, headers={"Idempotency-Key": "versioned"} | headers)

    job = again().json()["id"]
    worker.succeed(worker.claim(job))
    assert again().json()["result"]["url"] == f"/v1/jobs/{job}/result"
    assert again().headers["content-location"] == f"/v1/jobs/{job}"
    media = again(Accept="image/png")
    assert media.content == b"picture"
    assert media.headers["content-location"] == f"/v1/jobs/{job}/result"
    assert media.headers["location"] == f"/v1/jobs/{job}"


def test_addresses_of_a_source_stay_there(api: httpx.Client, photo: dict[str, Any]) -> None:
    location = api.post("/v1/sources", files=photo).headers["location"]
    assert location.startswith("/v1/sources/")
    assert api.delete(location).status_code == 204


def test_limits_are_those_of_the_route(settings: ApiSettings, worker: ActedWorker) -> None:
    with serving(alone(settings, max_upload_bytes=1000, max_video_bytes=2 * 10**6)) as (_, api):
        clip = {"source": ("c.webm", b"\x1aE\xdf\xa3" + bytes(10**6 + 500_000), "video/webm")}
        assert api.post("/v1/sources", files=clip).status_code == 201
        assert_problem(api.post("/v1/edit", files=clip), 413, "body_too_large")


def test_errors_and_measurements_are_those_of_the_route(api: httpx.Client) -> None:
    assert assert_problem(api.get("/v1/jobs/x"), 404, "unknown_job")["instance"] == "/v1/jobs/x"
    assert_problem(api.get("/v1/nowhere"), 404, "not_found")
    for path in ("/v1", "/v1/v1/sliders", "/v2/sliders", "/v1sliders"):
        assert_problem(api.get(path), 404, "not_found")
    refused = api.put("/v1/jobs/x")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD")
    metrics = api.get("/metrics").text
    assert 'route="/jobs/{job_id}"' in metrics
    assert 'route="/v1' not in metrics
