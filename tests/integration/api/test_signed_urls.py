"""Addresses that pages show without a key: `<img>`, `<video>` and EventSource send no header."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

KEY = {"Authorization": "Bearer the-key"}


@pytest.fixture(scope="module")
def signing(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client, without the key, of an API that asks for one and signs addresses."""
    own = alone(settings, api_keys=(SecretStr("the-key"), SecretStr("another")), signing_secret=SecretStr("s" * 32))
    with serving(own) as (_, http):
        yield http


@pytest.fixture
def job(signing: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> dict[str, Any]:
    """A finished one with two results."""
    started = signing.post("/v1/edit", files=photo, headers=KEY).json()
    assert started["events_url"].startswith(f"/v1/jobs/{started['id']}/events?expires=")
    assert started["result_url"] is None
    worker.succeed_with(worker.claim(started["id"]), [b"one", b"two"], "image/png")
    finished: dict[str, Any] = signing.get(f"/v1/jobs/{started['id']}", headers=KEY).json()
    return finished


def test_a_page_shows_results_without_a_key(signing: httpx.Client, job: dict[str, Any]) -> None:
    assert job["result_url"] == job["result"]["signed_url"] == job["results"][0]["signed_url"]
    for result, content in zip(job["results"], (b"one", b"two"), strict=True):
        assert signing.get(result["signed_url"]).content == content
        assert_problem(signing.get(result["url"]), 401, "key_missing")
    assert signing.head(job["result_url"]).headers["content-length"] == "3"
    part = signing.get(job["result_url"], headers={"Range": "bytes=1-"})
    assert (part.status_code, part.content) == (206, b"ne")
    assert signing.get(job["result_url"].removeprefix("/v1")).content == b"one", "the version is not signed"


def test_a_page_follows_events_without_a_key(signing: httpx.Client, job: dict[str, Any]) -> None:
    text = signing.get(job["events_url"]).text
    assert json.loads(text.partition("data: ")[2].partition("\n")[0])["status"] == "succeeded"


def test_a_page_shows_an_upload_without_a_key(
    signing: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    source = signing.post("/v1/sources", files=photo, headers=KEY).json()
    assert source["content_url"].startswith(f"/v1/sources/{source['id']}/content?expires=")
    assert signing.get(source["content_url"]).content == photo["source"][1]
    another = {"Authorization": "Bearer another"}
    assert_problem(signing.get(f"/v1/sources/{source['id']}/content", headers=another), 404, "unknown_source")
    assert signing.delete(f"/v1/sources/{source['id']}", headers=KEY).status_code == 204
    assert_problem(signing.get(source["content_url"]), 410, "source_expired")


def test_an_address_opens_nothing_else(signing: httpx.Client, job: dict[str, Any]) -> None:
    path, _, query = job["result_url"].partition("?")
    for url in (
        job["result_url"].replace("index=0", "index=1"),
        job["result_url"][:-1] + ("0" if job["result_url"][-1] != "0" else "1"),
        f"/v1/jobs/{job['id']}?{query}",
        f"/v1/jobs/{job['id']}/events?{query}",
        f"/v1/sliders?{query}",
    ):
        assert_problem(signing.get(url), 403, "signature_rejected")
    assert_problem(signing.delete(f"/v1/jobs/{job['id']}?{query}"), 403, "signature_rejected")
    assert_problem(signing.post(f"/v1/edit?{query}"), 403, "signature_rejected")
    assert_problem(signing.get(path), 401, "key_missing")


def test_a_key_that_is_taken_away_takes_its_addresses_along(settings: ApiSettings, job: dict[str, Any]) -> None:
    own = alone(settings, api_keys=(SecretStr("another"),), signing_secret=SecretStr("s" * 32))
    with serving(own) as (_, http):
        assert_problem(http.get(job["result_url"]), 403, "signature_rejected")


def test_without_a_secret_or_without_keys_nothing_is_signed(
    api: httpx.Client, settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    started = api.post("/v1/edit", files=photo).json()
    assert started["events_url"] == f"/v1/jobs/{started['id']}/events"
    worker.succeed(worker.claim(started["id"]))
    finished = api.get(f"/v1/jobs/{started['id']}").json()
    assert finished["result_url"] == finished["result"]["url"] == f"/v1/jobs/{started['id']}/result"
    assert finished["result"]["signed_url"] is None
    with serving(alone(settings, api_keys=(SecretStr("the-key"),))) as (_, http):
        assert_problem(
            http.get(f"/v1/jobs/{started['id']}/result?expires=9999999999&signature=0"), 403, "signature_rejected"
        )
