"""The checks of `portrait doctor`: each returns a sentence about what is there, or raises.

The service's packages are found by name: the doctor works where some of them, or what they need, cannot be imported.
Every check raises ImportError when a package is not installed, MissingError when something else is not there.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import import_module

from client.command.errors import CommandError
from client.errors import PortraitError
from client.sync_client import PortraitClient

OLDEST_PYTHON = (3, 11)
WORKER_BYTES = 2 * 2**30
"""Memory that one worker and the decoder beside it take for ordinary photos and videos."""

CODECS = {"libx264": "H.264", "aac": "AAC", "libvpx-vp9": "VP9", "libopus": "Opus", "gif": "GIF"}


class MissingError(CommandError):
    """Something is not there, or too small; the message says what to do."""


def python() -> str:
    """The interpreter."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        raise MissingError(f"{version}; 3.11 or newer is needed")
    return version


def cores() -> str:
    """Cores that a worker may use, by affinity and CPU quota."""
    usable: int = import_module("models.cores").usable_cores()
    return f"{usable} of {os.cpu_count()} may be used"


def memory() -> str:
    """The machine's memory."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = page * os.sysconf("SC_PHYS_PAGES")
    if total < WORKER_BYTES:
        raise MissingError(f"{_gib(total)}; a worker needs {_gib(WORKER_BYTES)}")
    return _gib(total)


def gpu() -> str:
    """The GPUs, if PyTorch sees one."""
    cuda = import_module("torch").cuda
    if not cuda.is_available():
        raise MissingError("PyTorch sees none; the cores are used")
    return ", ".join(cuda.get_device_name(index) for index in range(cuda.device_count()))


def redis() -> str:
    """The Redis of the settings; without one, the server that the embedded stack would start."""
    url = os.environ.get("PORTRAIT_REDIS_URL")
    if url is not None:
        return _answering_redis(url)
    embedded = import_module("service.embedded.redis_server")
    try:
        program: str = embedded.find_redis_server()
    except import_module("service.embedded.errors").RedisMissingError as error:
        raise MissingError(str(error)) from None
    return program


def codecs() -> str:
    """The encoders of clips."""
    av = import_module("av")
    missing = []
    for name in CODECS:
        try:
            av.Codec(name, "w")
        except ValueError:  # PyAV's UnknownCodecError
            missing.append(CODECS[name])
    if missing:
        raise MissingError(f"this PyAV cannot encode {', '.join(missing)}; install PyAV's own wheel: pip install av")
    return f"PyAV {av.__version__}: {', '.join(CODECS.values())}"


def bundle(folder: str | None) -> str:
    """The weights: every hash, and everything that a worker loads."""
    chosen = folder or os.environ.get("PORTRAIT_BUNDLE") or str(import_module("models.bundle").DEFAULT_BUNDLE)
    command = [sys.executable, "-m", "models.bundle", "check", chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingError(done.stderr.strip().rpartition("\n")[2])
    return done.stdout.strip()


def server(url: str, api_key: str | None) -> str:
    """A service that is ready to work."""
    try:
        with PortraitClient(url, api_key) as client:
            return f"{url} is {client.readiness().state}"
    except PortraitError as error:
        raise MissingError(str(error)) from None


def _answering_redis(url: str) -> str:
    errors = import_module("redis.exceptions")
    try:
        with import_module("redis").Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except errors.RedisError as error:
        raise MissingError(f"PORTRAIT_REDIS_URL does not answer: {error}") from None
    except ValueError as error:
        raise MissingError(f"PORTRAIT_REDIS_URL is no URL of a Redis: {error}") from None
    return "the one of PORTRAIT_REDIS_URL answers"


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
