"""Results as players, browsers and download managers fetch them."""

import random
import time
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

import httpx
import pytest

from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving

pytestmark = pytest.mark.integration

CLIP = random.Random(5).randbytes(700_001)  # several chunks


@pytest.fixture
def url(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> str:
    """Of a finished clip."""
    return finished(api, worker, photo)


def finished(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], data: bytes = CLIP) -> str:
    job = api.post("/edit", files=photo).json()["id"]
    worker.succeed(worker.claim(job), data, "video/mp4")
    return f"/jobs/{job}/result"


@pytest.mark.parametrize(
    ("requested", "part"),
    [("0-1", (0, 2)), ("0-", (0, 700_001)), ("300000-699999", (300_000, 700_000)), ("-100", (699_901, 700_001))],
)
def test_a_player_gets_the_part_that_it_asks_for(
    api: httpx.Client, url: str, requested: str, part: tuple[int, int]
) -> None:
    answer = api.get(url, headers={"Range": f"bytes={requested}"})
    assert (answer.status_code, answer.headers["content-type"]) == (206, "video/mp4")
    assert answer.content == CLIP[slice(*part)]
    assert answer.headers["content-length"] == str(part[1] - part[0])
    assert answer.headers["content-range"] == f"bytes {part[0]}-{part[1] - 1}/700001"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == api.head(url).headers["etag"]


@pytest.mark.parametrize("requested", ["bytes=0-1,5-6", "bytes=9-3", "pages=1-2"])
def test_other_ranges_get_the_whole(api: httpx.Client, url: str, requested: str) -> None:
    answer = api.get(url, headers={"Range": requested})
    assert answer.status_code == 200
    assert answer.content == CLIP
    assert "content-range" not in answer.headers


def test_a_range_behind_the_end_is_refused_with_the_size(api: httpx.Client, url: str) -> None:
    answer = api.get(url, headers={"Range": "bytes=700001-"})
    assert_problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */700001"


def test_a_broken_download_goes_on(api: httpx.Client, url: str, worker: ActedWorker, photo: dict[str, Any]) -> None:
    with api.stream("GET", url) as first:
        begin, etag, date = next(first.iter_raw(100_000)), first.headers["etag"], first.headers["last-modified"]
    for condition in (etag, date):
        rest = api.get(url, headers={"Range": f"bytes={len(begin)}-", "If-Range": condition})
        assert rest.status_code == 206
        assert begin + rest.content == CLIP
    other = finished(api, worker, photo)
    assert api.get(other).headers["etag"] != etag
    again = api.get(other, headers={"Range": f"bytes={len(begin)}-", "If-Range": etag})
    assert (again.status_code, again.content) == (200, CLIP)


def test_what_the_client_has_is_not_sent_again(api: httpx.Client, url: str) -> None:
    first = api.get(url)
    ended = parsedate_to_datetime(first.headers["last-modified"]).timestamp()
    assert abs(ended - time.time()) < 60
    assert first.headers["etag"].startswith('"'), "a strong one"
    for condition in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"other", W/{first.headers["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["last-modified"]},
        {"If-None-Match": first.headers["etag"], "Range": "bytes=0-1"},
    ):
        answer = api.get(url, headers=condition)
        assert (answer.status_code, answer.content) == (304, b""), condition
        assert answer.headers["etag"] == first.headers["etag"]
        assert "immutable" in answer.headers["cache-control"]
    for condition in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": formatdate(ended - 1, usegmt=True)},
        {"If-Modified-Since": "yesterday"},
    ):
        assert api.get(url, headers=condition).content == CLIP, condition


def test_it_is_kept_by_its_client_until_it_expires(api: httpx.Client, url: str, settings: ApiSettings) -> None:
    private, age, immutable = api.get(url).headers["cache-control"].split(", ")
    assert (private, immutable) == ("private", "immutable")
    left = int(age.removeprefix("max-age="))
    assert settings.result_ttl_s - 60 < left <= settings.result_ttl_s


def test_the_samples_of_a_talk_have_names_of_their_own(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    wav = ("a.wav", b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100), "audio/wav")
    job = api.post("/talk", files=photo | {"audio": wav}).json()["id"]
    worker.succeed_with(worker.claim(job), [b"one", b"two"], "video/webm")
    answers = [api.get(f"/jobs/{job}/result", params={"index": index}) for index in (0, 1)]
    assert [answer.content for answer in answers] == [b"one", b"two"]
    names = [answer.headers["content-disposition"].partition("filename=")[2] for answer in answers]
    assert names == [f'"talk-{job[:8]}-{number}.webm"' for number in (1, 2)]
    assert answers[0].headers["etag"] != answers[1].headers["etag"]


def test_what_has_expired_is_gone_for_who_has_it_too(
    settings: ApiSettings, worker: ActedWorker, api: httpx.Client, photo: dict[str, Any], url: str
) -> None:
    etag = api.get(url).headers["etag"]
    job = url.split("/")[2]
    worker.blobs.delete(worker.store.get(job).blobs[0])
    for headers in ({"If-None-Match": etag}, {"Range": "bytes=0-1"}):
        assert_problem(api.get(url, headers=headers), 410, "result_expired")


def test_conditions_of_a_request_that_makes_a_job_are_not_its_results(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    key = {"Idempotency-Key": "media"}
    job = api.post("/edit", files=photo, headers=key).json()["id"]
    worker.succeed(worker.claim(job), CLIP, "video/mp4")
    conditions = {"Range": "bytes=0-1", "If-None-Match": "*"}
    answer = api.post("/edit", files=photo, headers=key | conditions | {"Accept": "video/mp4"})
    assert (answer.status_code, answer.content) == (200, CLIP)


def test_pages_of_other_origins_may_read_what_a_player_needs(
    settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    with serving(alone(settings, cors_origins=("https://a.example",))) as (_, api):
        url = finished(api, worker, photo)
        answer = api.get(url, headers={"Origin": "https://a.example", "Range": "bytes=0-1"})
        assert answer.status_code == 206
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Content-Range", "Accept-Ranges", "Content-Length", "Content-Disposition"} <= set(exposed)
        assert set(answer.headers["vary"].split(", ")) == {"Accept", "Authorization", "Origin"}
