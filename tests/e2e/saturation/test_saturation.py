"""A service that gets more than it can do, of everything, for long: nothing breaks, and nothing grows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from tests.e2e.conftest import Embedded
from tests.e2e.saturation.clients import Clients

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3 * 3600)]

EVERY_S = 5.0
LONG = 10.0
"""Minutes from which growth is judged: caches fill and allocators settle first."""

FLAT = 1.05
SLACK = {"MB": 20.0, "KB": 300.0, "keys": 500.0, "files": 300.0}

LIFE_S = 300
"""Of sources, results and jobs, so that what a service keeps for its users does not grow either."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Embedded]:
    """A stack that forgets soon."""
    lives = {f"PORTRAIT_{what}_TTL_S": str(LIFE_S) for what in ("SOURCE", "RESULT", "JOB")}
    limits = {"PORTRAIT_RATE_LIMIT": "0", "PORTRAIT_JOBS_AT_ONCE": "0", "PORTRAIT_MAX_QUEUED": "8"}
    stack = Embedded(tmp_path, **lives, **limits, PORTRAIT_SOURCE_CACHE_BYTES=str(100 * 2**20))
    yield stack
    stack.stop()


def test_nothing_breaks_and_nothing_grows(
    service: Embedded, astronaut: np.ndarray, tmp_path: Path, minutes: float, fault_seed: int
) -> None:
    began, samples, full = time.monotonic(), defaultdict[str, list[float]](list), list[bool]()
    worker = service.worker()
    with Clients(str(service.http.base_url), astronaut[:400, 30:430], fault_seed) as clients:
        while time.monotonic() < began + 60 * minutes:
            time.sleep(EVERY_S)
            for name, value in held(service, tmp_path / "data").items():
                samples[name].append(value)
            full.append(waiting(service.http) > 0)
    print(f"\n{minutes:g} minutes, work waiting in {np.mean(full):.0%} of {len(full)} looks")  # noqa: T201
    for end, count in sorted(clients.ends.items()):
        print(f"  {end}: {count}")  # noqa: T201
    for name, values in samples.items():
        print(f"  {name}: {' '.join(f'{np.mean(part):.0f}' for part in np.array_split(values, min(15, len(values))))}")  # noqa: T201
    assert not clients.faults, "\n".join(clients.faults[:5])
    assert not [end for end in clients.ends if "failed" in end], clients.ends
    assert any(end == "edit succeeded" for end in clients.ends)
    assert worker.is_running(), "the same worker all the time"
    if minutes >= LONG:
        assert np.mean(full) > 0.9, "it was not full"
        grown = {name: thirds for name, values in samples.items() if grows(name, thirds := in_thirds(values))}
        assert not grown, grown


def in_thirds(values: list[float]) -> list[float]:
    """The mean of each third."""
    return [float(np.mean(part)) for part in np.array_split(values, 3)]


def grows(name: str, thirds: list[float]) -> bool:
    """Whether the last third is clearly above the middle one; the first one fills the caches."""
    return thirds[2] > FLAT * thirds[1] and thirds[2] > thirds[1] + SLACK[name.rsplit(" ", 1)[-1]]


def waiting(http: httpx.Client) -> float:
    """Jobs in the queues."""
    lines = http.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("portrait_jobs_waiting{"))


def held(service: Embedded, data: Path) -> dict[str, float]:
    """What the processes and the data take now."""
    sizes: dict[str, float] = defaultdict(float)
    for process in service.processes():
        try:
            command = process.cmdline()
            memory = process.memory_full_info().uss / 2**20
        except psutil.Error:  # a decoder that has just been replaced
            continue
        if command[-2:] == ["-m", "service"]:
            sizes["API MB"] += memory
        elif command[-2:] == ["-m", "workers"]:
            sizes["worker MB"] += memory
        elif "redis-server" in command[0]:
            sizes["Redis MB"] += memory
    sizes["blobs files"] = sum(path.is_file() for path in data.rglob("*"))
    return sizes
