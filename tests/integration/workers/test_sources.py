"""Sources: an owner's same file is stored once, whoever else stores, sweeps, drops or dies at the same time."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.integration.workers.conftest import own_database, picture, service_of
from workers.contract.blobs import EXPIRY
from workers.contract.errors import (
    PictureTooLargeError,
    SourceExpiredError,
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


@pytest.fixture(scope="module")
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of a database of its own."""
    yield from own_database(redis_server, 2)


def files(service: Service) -> list[Path]:
    """Everything that is stored."""
    return [path for path in Path(service.settings.storage_url).rglob("*") if path.is_file()]


def test_the_same_photo_sent_by_many_at_once_is_stored_once(service: Service, astronaut: np.ndarray) -> None:
    data = picture(astronaut[:350]).getvalue()
    before = len(files(service))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            expired = service.sources.add(ANONYMOUS, io.BytesIO(data))
            service.client.zadd(EXPIRY, {expired.blob: 0})
            sweeping = pool.submit(service.blobs.sweep)
            sources = list(pool.map(lambda _: service.sources.add(ANONYMOUS, io.BytesIO(data)), range(8)))
            sweeping.result()
            assert len({source.id for source in sources}) == 1
            with service.sources.open(ANONYMOUS, sources[0].id) as file:
                assert file.read() == data

    assert len(files(service)) == before + 1


def test_an_upload_that_hangs_keeps_nobody_waiting(service: Service, astronaut: np.ndarray) -> None:
    class Hanging(io.BytesIO):
        """Gives its bytes once, for the digest, and then no more until the test lets it."""

        rewound, go_on = 0, threading.Event()

        def seek(self, *args: int) -> int:
            self.rewound += 1
            return super().seek(*args)

        def read(self, *args: int | None) -> bytes:
            if "put" in threading.current_thread().name and self.tell() == 0 and hashed.is_set():
                storing.set()
                self.go_on.wait(30)
            data = super().read(*args)
            if not data:
                hashed.set()
            return data

    hashed, storing = threading.Event(), threading.Event()
    data = picture(astronaut[:360]).getvalue()
    hanging = Hanging(data)
    with ThreadPoolExecutor(1, thread_name_prefix="put") as pool:
        first = pool.submit(service.sources.add, ANONYMOUS, hanging)
        assert storing.wait(10)
        began = time.monotonic()
        second = service.sources.add(ANONYMOUS, io.BytesIO(data))
        assert time.monotonic() - began < 5
        hanging.go_on.set()
        assert first.result().blob == second.blob, "it finds the other's copy and drops its own"
    with service.sources.open(ANONYMOUS, second.id) as file:
        assert file.read() == data


def test_a_file_that_has_gone_is_stored_again(service: Service, astronaut: np.ndarray) -> None:
    data = picture(astronaut[:370]).getvalue()
    first = service.sources.add(ANONYMOUS, io.BytesIO(data))
    (Path(service.settings.storage_url) / first.blob).unlink()
    with pytest.raises(SourceExpiredError):
        service.sources.use(ANONYMOUS, first.id)
    again = service.sources.add(ANONYMOUS, io.BytesIO(data))
    assert again.new
    with service.sources.open(ANONYMOUS, again.id) as file:
        assert file.read() == data


def test_a_source_is_dropped_only_while_nobody_else_uses_it(service: Service, astronaut: np.ndarray) -> None:
    data = picture(astronaut[:380]).getvalue()
    unused = service.sources.add(ANONYMOUS, io.BytesIO(data))
    assert service.sources.discard(ANONYMOUS, unused)
    assert not service.blobs.exists(unused.blob)
    with pytest.raises(UnknownSourceError):
        service.sources.get(ANONYMOUS, unused.id)

    used = service.sources.add(ANONYMOUS, io.BytesIO(data))
    assert used.new
    assert not service.sources.add(ANONYMOUS, io.BytesIO(data)).new
    assert not service.sources.discard(ANONYMOUS, used)
    assert service.sources.use(ANONYMOUS, used.id)


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
    assert not brief.blobs.exists(source.blob)
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
