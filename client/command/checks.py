"""The checks of `portrait doctor`: each returns a sentence about what is there, or raises.

The service's packages are found by name: the doctor works where some of them, or what they need, cannot be imported.
Every check raises ImportError when a package is not installed, MissingError when something else is not there.
"""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from client.command.errors import CommandError
from client.errors import PortraitError
from client.sync_client import PortraitClient

OLDEST_PYTHON = (3, 11)
INSTALL = "pip install 'pirenderer-service[embedded,worker]'"
WORKER_BYTES = 2 * 2**30
"""Memory that one worker and the decoder beside it take for ordinary photos and videos."""

PACKAGES = {
    "av": "av",
    "cv2": "opencv-python-headless",
    "numba": "numba",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "pillow_heif": "pillow-heif",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "soundfile": "soundfile",
    "torch": "torch",
}
"""What the extra `worker` installs: packages by the names that they are imported by."""

_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))

CODECS = {"libx264": "H.264", "aac": "AAC", "libvpx-vp9": "VP9", "libopus": "Opus", "gif": "GIF"}


class MissingError(CommandError):
    """Something is not there, or too small; the message says what to do."""


def python() -> str:
    """The interpreter."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        raise MissingError(f"{version}; 3.11 or newer is needed")
    return version


def packages() -> str:
    """What editing needs besides this package."""
    missing = sorted(PACKAGES[name] for name in PACKAGES if find_spec(name) is None)
    if missing:
        raise MissingError(f"{', '.join(missing)}: {INSTALL}")
    return f"all {len(PACKAGES)} of the extra `worker`"


def settings() -> str:
    """The PORTRAIT_ variables that are set."""
    errors = import_module("pydantic")
    given = import_module("service.embedded.settings").EmbeddedSettings
    try:
        given()
    except errors.ValidationError as error:
        wrong = [f"{_variable(one['loc'])}{one['msg'].removeprefix('Value error, ')}" for one in error.errors()]
        raise MissingError("; ".join(wrong)) from None
    known = {f"PORTRAIT_{name.upper()}" for name in given.model_fields}
    return ", ".join(sorted(known & os.environ.keys())) or "none is set"


def cores() -> str:
    """Cores that a worker may use, by affinity and CPU quota."""
    usable: int = import_module("models.cores").usable_cores()
    return f"{usable} of {os.cpu_count()} may be used"


def memory() -> str:
    """The memory of the machine, or as much of it as this process's container may use."""
    total = min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *map(_limit, _MEMORY_LIMITS))
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
    """A service that is ready to work for this key."""
    try:
        with PortraitClient(url, api_key) as client:
            state = client.readiness().state
            bundles = ", ".join(f"{bundle.name}:{bundle.version}" for bundle in client.bundles())
            return f"{url} is {state}; it has the weights {bundles}"
    except PortraitError as error:
        raise MissingError(str(error)) from None


def _variable(location: Sequence[str | int]) -> str:
    return f"PORTRAIT_{str(location[0]).upper()}: " if location else ""


def _limit(file: Path) -> float:
    try:
        return float(file.read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return math.inf


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


def _gib(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"
