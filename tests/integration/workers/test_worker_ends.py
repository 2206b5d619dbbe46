"""Workers that are stopped, killed, hung or never get ready: nothing is lost and nothing hangs."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import BUNDLE
from workers.contract.jobs import JobStatus
from workers.contract.presence import WorkerState

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration
StartWorker = Callable[..., subprocess.Popen[bytes]]


def clip(seconds: float) -> dict[str, object]:
    """Controls of a clip that takes 0.2 s a frame, 25 frames a second."""
    return {"keyframes": [{"time": t, "expression": {"mouthFunnel": 1.0}} for t in (0.0, seconds)]}


def test_a_killed_workers_job_is_retried_by_another(service: Service, photo: str, start_worker: StartWorker) -> None:
    workers = [start_worker(), start_worker()]
    service.wait_for_worker(WorkerState.READY, count=2)
    job = service.submit(photo, controls=clip(0.4))
    victim = service.running(job).worker
    assert victim is not None

    killed = time.monotonic()
    next(worker for worker in workers if f"-{worker.pid}-" in victim).send_signal(signal.SIGKILL)
    record = service.finish(job)

    assert record.job.status is JobStatus.SUCCEEDED
    assert (record.attempt, record.losses) == (2, 1)
    assert record.worker != victim
    assert time.monotonic() - killed < 15


def test_a_job_that_kills_its_workers_is_given_up(service: Service, photo: str, start_worker: StartWorker) -> None:
    # The first loss: a worker that took the job and was never seen again.
    job = service.submit(photo, controls=clip(4))
    service.store.claim(job, 1, "ghost", BUNDLE)
    worker, reaper = start_worker(), service.reaper()
    service.wait(job, lambda record: record.attempt == 2 and record.job.progress.done > 0)

    killed = time.monotonic()
    worker.send_signal(signal.SIGKILL)
    while not service.store.get(job).job.status.final:  # nobody but the API is left to notice
        assert time.monotonic() - killed < 15
        reaper.sweep()
        time.sleep(0.2)

    error = service.store.get(job).job.error
    assert error is not None
    assert (error.code, error.status) == ("worker_lost", 503)


def test_a_stopping_worker_finishes_a_short_job(service: Service, photo: str, start_worker: StartWorker) -> None:
    worker = start_worker(PORTRAIT_DRAIN_S="30")
    job = service.submit(photo, controls=clip(0.2))
    service.running(job)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(20) == 0
    assert service.store.get(job).job.status is JobStatus.SUCCEEDED
    assert service.presence.workers() == []


def test_a_stopping_worker_gives_a_long_job_back(service: Service, photo: str, start_worker: StartWorker) -> None:
    worker = start_worker(PORTRAIT_DRAIN_S="0.3")
    job = service.submit(photo, controls=clip(4))
    service.running(job)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(10) == 0
    record = service.store.get(job)
    assert (record.job.status, record.attempt, record.losses) == (JobStatus.QUEUED, 2, 0)
    assert service.queue.entries() == {(job, 2)}
    service.store.cancel(job)
    service.queue.remove(record)


def test_jobs_beyond_their_time_fail(service: Service, photo: str, start_worker: StartWorker) -> None:
    worker = start_worker(PORTRAIT_JOB_TIMEOUT_S="1", PORTRAIT_HANG_GRACE_S="2")
    slow = service.finish(service.submit(photo, controls=clip(4))).job.error
    assert slow is not None
    assert (slow.code, slow.status) == ("job_timeout", 504)
    assert worker.poll() is None, "a job that looks at its deadline does not cost the worker"

    hung = service.finish(service.submit(photo, controls={"expression": {"cheekPuffLeft": 1.0}})).job.error
    assert hung is not None
    assert hung.code == "job_timeout"
    assert worker.wait(10) != 0, "a worker that hangs makes room for another"


def test_models_that_do_not_load_are_announced(service: Service, start_worker: StartWorker) -> None:
    worker = start_worker(STANDIN_SETUP_FAILS="1")
    service.wait_for_worker(WorkerState.SETUP_FAILED)
    details = [str(presence.detail) for presence in service.presence.workers()]
    assert any("renderer.safetensors is altered" in detail for detail in details)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(5) == 0
