"""Results in an object store that speaks S3: written, read, deleted, and fetched from it by clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
import redis
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving
from workers.contract.blobs import BlobStore

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

CLIP = bytes(range(256)) * 4


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The storage URL of a bucket on a server that speaks S3 over HTTP."""
    with pytest.MonkeyPatch.context() as environment:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="portraits")
        yield "s3://portraits/here"
        S3FileSystem.clear_instance_cache()
        server.stop()


@pytest.fixture(scope="module")
def stored(settings: ApiSettings, bucket: str) -> Iterator[tuple[ApiSettings, httpx.Client]]:
    """An API whose files lie in the bucket and are fetched from there."""
    own = alone(settings, storage_url=bucket, redirect_to_storage=True)
    with serving(own) as (_, http):
        yield own, http


@pytest.fixture
def url(stored: tuple[ApiSettings, httpx.Client], client: redis.Redis, photo: dict[str, Any]) -> str:
    """Of a finished clip."""
    own, http = stored
    worker = ActedWorker(own)
    job = http.post("/edit", files=photo).json()["id"]
    record = worker.claim(job)
    with worker.sources.open(record.owner, record.request.source_id) as source:
        assert source.read() == photo["source"][1]
    worker.succeed(record, CLIP, "video/mp4")
    return f"/jobs/{job}/result"


def test_a_result_is_fetched_from_the_store(stored: tuple[ApiSettings, httpx.Client], url: str) -> None:
    _, http = stored
    answer = http.get(url)
    assert (answer.status_code, answer.headers["cache-control"], answer.content) == (307, "no-store", b"")
    with httpx.Client() as anyone:
        fetched = anyone.get(answer.headers["location"])
        assert (fetched.status_code, fetched.content) == (200, CLIP)
        assert fetched.headers["content-type"] == "video/mp4"
        assert fetched.headers["content-disposition"] == http.head(url).headers["content-disposition"]
        part = anyone.get(answer.headers["location"], headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, CLIP[5:10])
    followed = http.get(url, follow_redirects=True)
    assert followed.content == CLIP
    assert "Signature=" in str(followed.url)


def test_an_upload_is_fetched_from_the_store(
    stored: tuple[ApiSettings, httpx.Client], client: redis.Redis, photo: dict[str, Any]
) -> None:
    _, http = stored
    source = http.post("/sources", files=photo).json()
    answer = http.get(source["content_url"], follow_redirects=True)
    assert "Signature=" in str(answer.url)
    assert (answer.content, answer.headers["content-type"]) == (photo["source"][1], "image/jpeg")


def test_what_the_store_does_not_sign_is_served(stored: tuple[ApiSettings, httpx.Client], url: str) -> None:
    _, http = stored
    head = http.head(url)
    assert (head.status_code, head.headers["content-length"]) == (200, "1024")
    assert http.get(url, headers={"If-None-Match": head.headers["etag"]}).status_code == 304


def test_without_the_setting_the_api_serves_it(
    stored: tuple[ApiSettings, httpx.Client], settings: ApiSettings, url: str
) -> None:
    own, _ = stored
    with serving(alone(settings, storage_url=own.storage_url)) as (_, http):
        assert http.get(url).content == CLIP
        assert http.get(url, headers={"Range": "bytes=5-9"}).content == CLIP[5:10]


def test_a_result_that_was_deleted_is_gone(
    stored: tuple[ApiSettings, httpx.Client], client: redis.Redis, url: str
) -> None:
    own, http = stored
    blobs = BlobStore(own.storage_url, client)
    job = url.split("/")[2]
    blobs.delete(f"results/anonymous/{job}-1-0")
    assert_problem(http.get(url), 410, "result_expired")
    assert not blobs.exists(f"results/anonymous/{job}-1-0")
