"""Processes die, freeze and come back while clients go on: no job is lost, stuck or done twice, no file is left."""

from __future__ import annotations

import io
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.faults.load import Load
from tests.faults.service_under_fault import WORKERS, ServiceUnderFault
from workers.contract.blobs import EXPIRY
from workers.contract.jobs import JobRecord, JobStatus

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(7200)]

ENDS_S = 90.0
MAY_FAIL = {"worker_lost", "storage_full"}
"""A job whose workers were killed twice is not tried a third time, and nor is one whose result has no room."""

LIVE_S = 0.25
MANY = 100
"""Rounds from which the times are judged: a test run shares its cores with others."""


@pytest.fixture
def photos(astronaut: np.ndarray) -> list[bytes]:
    """Small pictures, none like another."""
    pictures = []
    for shift in range(8):
        file = io.BytesIO()
        Image.fromarray(np.roll(astronaut, 8 * shift, 1)[::4, ::4]).save(file, "JPEG")
        pictures.append(file.getvalue())
    return pictures


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceUnderFault]:
    """Everything running."""
    service = ServiceUnderFault(tmp_path)
    yield service
    service.close()


def faults(service: ServiceUnderFault, load: Load, rng: random.Random) -> dict[str, Callable[[], None]]:
    """What may happen in a round, as far as this machine allows."""
    worker = rng.randrange(WORKERS)
    clock, hours = rng.choice(("api", "0", "1")), rng.choice((-26, -2, 2, 26))
    allowed: dict[str, Callable[[], None]] = {}
    if service.has_disk:
        allowed["fill the disk"] = lambda: service.fill_disk(1.0)
    return allowed | {
        "kill a worker": lambda: service.kill_worker(worker),
        "end a worker": lambda: service.stop_worker(worker),
        "freeze a worker for a moment": lambda: service.freeze_worker(worker, 0.8),
        "freeze a worker until it is thought dead": lambda: service.freeze_worker(worker, 3.0),
        "kill the API": service.kill_api,
        "end Redis": lambda: service.restart_redis(signal.SIGTERM),
        "kill Redis": lambda: service.restart_redis(signal.SIGKILL),
        "set a clock wrong": lambda: service.move_clock(clock, hours, 2.0),
        "flood": lambda: load.flood(30),
        "nothing": lambda: time.sleep(0.5),
    }


def test_no_job_is_lost_whatever_dies(
    service: ServiceUnderFault, photos: list[bytes], rounds: int, fault_seed: int
) -> None:
    rng, happened = random.Random(fault_seed), Counter[str]()
    with Load(service.url, photos, fault_seed) as load:
        for _ in range(rounds):
            known = faults(service, load, rng)
            name = rng.choice(list(known))
            known[name]()
            happened[name] += 1
            time.sleep(rng.uniform(0.1, 0.6))
        service.wait_until_ready()
    records = ended(service, load.accepted)
    print(f"{len(records)} jobs in {rounds} rounds, seed {fault_seed}: {dict(happened)}")  # noqa: T201
    if not service.has_disk:
        print("No disk was filled: this user may not mount one.")  # noqa: T201
    print(f"p99 of /health/live: {load.slowest_live():.3f} s of {len(load.live_s)}")  # noqa: T201
    assert len(records) >= rounds, "the clients got through"
    assert load.refused == [], "nothing but room or time was lacking"
    failed = Counter(record.job.error.code for record in records if record.job.error is not None)
    assert failed.keys() <= MAY_FAIL, failed
    assert all(len(record.blobs) == (record.job.status is JobStatus.SUCCEEDED) for record in records)
    assert_nothing_is_left(service, records)
    if rounds >= MANY:
        assert load.slowest_live() <= LIVE_S


def ended(service: ServiceUnderFault, jobs: set[str]) -> list[JobRecord]:
    """The jobs, all of them at their end."""
    contract, deadline = service.contract, time.monotonic() + ENDS_S
    while stuck := [job for job in jobs if not contract.store.get(job).job.status.final]:
        assert time.monotonic() < deadline, f"stuck: {[contract.store.get(job).job for job in stuck[:3]]}"
        time.sleep(0.2)
    return [contract.store.get(job) for job in jobs]


def assert_nothing_is_left(service: ServiceUnderFault, records: list[JobRecord]) -> None:
    """Every file is a photo's or some job's result, and no process left anything where it works.

    What a killed worker had written becomes nobody's; the reapers delete it, at the latest when its life ends.
    """
    contract = service.contract
    # Who cancelled a job that had just ended deleted its result.
    results = {blob for record in records if record.result_expires_at for blob in record.blobs}
    deleted = {blob for record in records for blob in record.blobs} - results
    deadline = time.monotonic() + 20
    while True:
        files = {path.relative_to(service.blobs).as_posix() for path in service.blobs.rglob("*") if path.is_file()}
        listed = {key.decode() for key in contract.client.zrange(EXPIRY, 0, -1)}
        unknown = files - listed
        if not unknown and results <= files and not deleted & files:
            break
        assert time.monotonic() < deadline, f"left: {sorted(unknown)[:5]}; missing: {sorted(results - files)[:5]}"
        time.sleep(0.2)
    assert not [path for path in files if path.startswith("parts/")], "nothing half written"
    assert not list(service.temporary.glob("portrait-job-*")), "killed workers' folders are swept by the next ones"
