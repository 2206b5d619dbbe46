"""Disks and memory without room: 503 with Retry-After, readiness says so, and all is well once there is room again."""

import contextlib
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving, wait_until
from tests.integration.conftest import RedisServer
from workers.contract.connection import connect

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def full_redis() -> Iterator[RedisServer]:
    """A Redis of this module alone, which has something against writing now and then."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="module")
def api(settings: ApiSettings, full_redis: RedisServer) -> Iterator[httpx.Client]:
    """An API and a worker on that Redis."""
    own = alone(settings, redis_url=full_redis.url)
    ActedWorker(own)
    with serving(own) as (_, http):
        yield http


@contextlib.contextmanager
def full_disk(server: RedisServer) -> Iterator[None]:
    """Inside, no file of the server's may grow: to it, that is a disk without room."""
    hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextlib.contextmanager
def full_memory(server: RedisServer) -> Iterator[None]:
    """Inside, the server has no memory for more."""
    with connect(server.url) as client:
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", 0)


@pytest.mark.parametrize("full", [full_disk, full_memory])
def test_a_redis_without_room_is_no_fault_of_the_request(
    api: httpx.Client, full_redis: RedisServer, photo: dict[str, Any], full: Any
) -> None:
    accepted = api.post("/edit", files=photo)
    assert accepted.status_code == 202, accepted.text
    with full(full_redis):
        wait_until(lambda: api.get("/health/ready").status_code == 503)
        assert "no room" in assert_problem(api.get("/health/ready"), 503, "not_ready")["detail"]
        for route in ("/edit", "/sources"):
            refused = api.post(route, files=photo)
            assert_problem(refused, 503, "store_unavailable")
            assert int(refused.headers["retry-after"]) > 0
        assert_problem(api.delete(accepted.headers["location"]), 503, "store_unavailable")
    wait_until(lambda: api.get("/health/ready").status_code == 200)
    assert api.post("/edit", files=photo).status_code == 202


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Inside, this process can write no larger files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_temporary_folder_without_room_is_no_fault_of_the_request(api: httpx.Client, photo: dict[str, Any]) -> None:
    large = {"source": photo["source"][1] + bytes(8 * 2**20)}
    with files_of_at_most(4 * 2**20):
        refused = api.post("/sources", files=large)
    assert_problem(refused, 503, "storage_full")
    assert int(refused.headers["retry-after"]) > 0
    with files_of_at_most(2**10):
        problem = assert_problem(api.get("/health/ready"), 503, "not_ready")
    assert "temporary folder" in problem["detail"]
    assert api.get("/health/ready").status_code == 200
    assert api.post("/sources", files=large).status_code == 201
