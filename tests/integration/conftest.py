"""A real Redis server for the tests of this folder, emptied before each test."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from service.embedded.redis_server import find_redis_server
from tests.processes import start_process
from workers.contract.bundle import BundleIdentity
from workers.contract.connection import connect
from workers.contract.settings import Settings

BUNDLE = BundleIdentity(name="acted", version="1", digest="0" * 64)
"""What workers whose part a test plays have loaded."""


class RedisServer:
    """A redis-server process on a Unix socket, which tests may take away and bring back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder / 'redis.sock'}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        program = find_redis_server()
        options = {
            "port": "0",
            "unixsocket": str(self._folder / "redis.sock"),
            "dir": str(self._folder),
            "appendonly": "yes",
            "logfile": str(self._folder / "redis.log"),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        # Ignoring, as Python does, the signal of a file that grows over its limit: a test makes the disk full.
        self._process = start_process([program, *arguments], restore_signals=False)
        client = redis.Redis.from_url(self.url)
        for _ in range(200):
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.05)
            else:
                client.close()
                return
        raise AssertionError((self._folder / "redis.log").read_text())

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None
        return self._process.pid

    def wait(self) -> None:
        """Wait until the server, which somebody has ended, is gone."""
        assert self._process is not None
        self._process.wait(10)

    def stop(self) -> None:
        """Stop the server; its data stays."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The one server of the test session."""
    # A Unix socket's path must be short, so not below pytest's own folder.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of the emptied server."""
    client = connect(redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def settings(redis_server: RedisServer, client: redis.Redis, tmp_path: Path) -> Settings:
    """Settings for the emptied server and a fresh folder of blobs."""
    return Settings(redis_url=redis_server.url, storage_url=str(tmp_path / "blobs"), sweep_s=0.2, heartbeat_s=0.3)
