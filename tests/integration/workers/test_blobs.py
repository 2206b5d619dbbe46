"""Blobs and sources: whole or not there, and gone when their time is over."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from tests.integration.workers.conftest import own_database
from workers.contract.blobs import EXPIRY, SEARCHED, BlobStore
from workers.contract.errors import (
    StorageFullError,
)

if TYPE_CHECKING:
    import redis

    from tests.integration.conftest import RedisServer
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of a database of its own."""
    yield from own_database(redis_server, 1)


def test_a_blob_comes_back_and_expires(service: Service) -> None:
    assert service.blobs.put("results/a/0.png", io.BytesIO(b"pixels"), ttl_s=1) == 6
    with service.blobs.open("results/a/0.png") as file:
        assert file.read() == b"pixels"
    service.blobs.sweep()
    assert service.blobs.exists("results/a/0.png")
    time.sleep(1.1)
    assert service.blobs.sweep() == 1
    assert not service.blobs.exists("results/a/0.png")
    assert service.blobs.sweep() == 0


def test_a_blob_whose_life_was_extended_stays(service: Service) -> None:
    service.blobs.put("sources/b", io.BytesIO(b"b"), ttl_s=0.1)
    service.blobs.extend("sources/b", ttl_s=60)
    service.blobs.extend("sources/b", ttl_s=1)
    time.sleep(0.15)
    service.blobs.sweep()
    assert service.blobs.exists("sources/b")


def test_a_full_disk_is_reported_and_leaves_nothing(client: redis.Redis, tmp_path: Path) -> None:
    class FullDisk(LocalFileSystem):
        """Opens what is written as a device that is always full."""

        cachable = False

        def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
            return super()._open("/dev/full" if "w" in mode else path, mode, **options)

    blobs = BlobStore(str(tmp_path), client)
    blobs._fs = FullDisk()
    with pytest.raises(StorageFullError):
        blobs.put("results/full", io.BytesIO(bytes(2**20)), ttl_s=60)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("url", ["{folder}/blobs", "memory://{folder}/blobs"], ids=["folder", "object store"])
def test_blobs_that_redis_does_not_know_are_deleted_after_a_while(
    client: redis.Redis, tmp_path: Path, url: str
) -> None:
    blobs = BlobStore(url.format(folder=tmp_path), client)
    for key in ("sources/owner/lost", "sources/owner/found", "sources/owner/known", "results/lost"):
        blobs.put(key, io.BytesIO(b"bytes"), ttl_s=60)
        if key.endswith("known"):
            continue
        client.zrem(EXPIRY, key)  # as if this Redis had lost its data
    client.delete(SEARCHED)

    assert blobs.sweep_unknown(grace_s=2) == 3
    assert blobs.sweep_unknown(grace_s=2) == 0, "one of all looks, once in a while"
    blobs.extend("sources/owner/found", 60)  # the data is back
    blobs.sweep()
    assert blobs.exists("sources/owner/lost"), "nothing goes before the time is over"
    time.sleep(2.1)
    assert blobs.sweep() == 2
    there = [blobs.exists(f"sources/owner/{name}") for name in ("lost", "found", "known")]
    assert there == [False, True, True]


def test_what_a_crash_left_half_written_is_deleted_after_a_while(client: redis.Redis, tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path), client)
    (tmp_path / "parts").mkdir()
    old, new = tmp_path / "parts" / "old", tmp_path / "parts" / "new"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    client.delete(SEARCHED)
    blobs.sweep_unknown(grace_s=60)
    assert [part.name for part in (tmp_path / "parts").iterdir()] == ["new"]
