"""Blobs and sources: whole or not there, and gone when their time is over."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem
from PIL import Image

from tests.integration.workers.conftest import service_of
from workers.contract.blobs import BlobStore
from workers.contract.connection import connect
from workers.contract.errors import (
    PictureTooLargeError,
    SourceExpiredError,
    StorageFullError,
    UnknownSourceError,
    UnsupportedMediaError,
)
from workers.contract.owners import ANONYMOUS

if TYPE_CHECKING:
    import redis

    from tests.integration.conftest import RedisServer
    from tests.integration.workers.conftest import Service
    from workers.contract.settings import Settings

pytestmark = pytest.mark.integration


def picture(astronaut: np.ndarray) -> io.BytesIO:
    """A picture file."""
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "JPEG")
    return file


@pytest.fixture(scope="module")
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of a database of its own: a worker of another module that is still ending sweeps too, and would take
    these blobs off the list to delete them in its own folder."""
    client = connect(f"{redis_server.url}?db=1")
    client.flushdb()
    yield client
    client.close()


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


def test_sweeping_and_storing_the_same_blob_at_once_never_loses_it(service: Service) -> None:
    def store(_: int) -> bool:
        service.blobs.put("sources/contested", io.BytesIO(b"c" * 1000), ttl_s=60)
        return service.blobs.exists("sources/contested")

    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            service.blobs.put("sources/contested", io.BytesIO(b"c"), ttl_s=0)
            service.client.zadd("portrait:blobs:expiry", {"sources/contested": 0})
            sweeping = pool.submit(service.blobs.sweep)
            assert all(pool.map(store, range(3)))
            sweeping.result()
            assert service.blobs.exists("sources/contested")


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


def test_what_a_crash_left_half_written_is_deleted_after_a_day(client: redis.Redis, tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path), client)
    (tmp_path / "parts").mkdir()
    old, new = tmp_path / "parts" / "old", tmp_path / "parts" / "new"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    blobs.sweep_parts()
    assert [part.name for part in (tmp_path / "parts").iterdir()] == ["new"]


def test_the_same_photo_is_one_source(service: Service, astronaut: np.ndarray) -> None:
    first, second = (
        service.sources.add(ANONYMOUS, picture(astronaut)),
        service.sources.add(ANONYMOUS, picture(astronaut)),
    )
    assert first.id == second.id
    assert (first.media_type, first.width, first.height) == ("image/jpeg", 512, 512)
    with service.sources.open(ANONYMOUS, first.id) as file:
        assert file.read() == picture(astronaut).getvalue()


def test_sources_are_unknown_expired_or_deleted(
    service: Service, settings: Settings, client: redis.Redis, astronaut: np.ndarray
) -> None:
    with pytest.raises(UnknownSourceError):
        service.sources.get(ANONYMOUS, "f" * 64)
    brief = service_of(settings.model_copy(update={"source_ttl_s": 2}), client)
    source = brief.sources.add(ANONYMOUS, picture(astronaut[:400]))
    time.sleep(1.2)
    brief.sources.use(ANONYMOUS, source.id)
    time.sleep(1.2)
    brief.blobs.sweep()
    assert brief.sources.get(ANONYMOUS, source.id), "its time starts anew with every use"
    time.sleep(1.2)
    brief.blobs.sweep()
    assert not brief.blobs.exists(f"sources/{source.id}")
    with pytest.raises(SourceExpiredError):
        brief.sources.open(ANONYMOUS, source.id)

    again = service.sources.add(ANONYMOUS, picture(astronaut[:400]))
    service.sources.delete(ANONYMOUS, again.id)
    with pytest.raises(SourceExpiredError):
        service.sources.use(ANONYMOUS, again.id)


def test_what_is_no_acceptable_picture_is_not_stored(
    service: Service, settings: Settings, client: redis.Redis, astronaut: np.ndarray
) -> None:
    with pytest.raises(UnsupportedMediaError):
        service.sources.add(ANONYMOUS, io.BytesIO(b"plain text"))
    small = service_of(settings.model_copy(update={"max_pixels": 1000}), client)
    with pytest.raises(PictureTooLargeError):
        small.sources.add(ANONYMOUS, picture(astronaut[:333]))
