"""The reaper: what dead workers leave behind is found, by one of many."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import BUNDLE
from tests.integration.workers.conftest import service_of
from workers.contract.jobs import JobStatus
from workers.contract.kinds.edit import EditRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import WorkerPresence, WorkerState

if TYPE_CHECKING:
    import redis

    from tests.integration.workers.conftest import Service
    from workers.contract.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _emptied(client: redis.Redis) -> None:
    client.flushall()


def test_a_dead_workers_job_waits_again_and_is_then_given_up(service: Service) -> None:
    job, reaper = service.submit("0" * 64), service.reaper()
    service.store.claim(job, 1, "dead", BUNDLE)
    reaper.sweep()
    assert service.store.get(job).attempt == 1, "the first look is no proof"
    reaper.sweep()
    assert (service.store.get(job).attempt, service.store.get(job).job.status) == (2, JobStatus.QUEUED)
    assert (job, 2) in service.queue.entries()

    service.store.claim(job, 2, "dead too", BUNDLE)
    for _ in range(2):
        reaper.sweep()
    error = service.store.get(job).job.error
    assert error is not None
    assert error.code == "worker_lost"
    assert error.instance == f"/jobs/{job}"


def test_a_live_workers_job_is_left_alone_while_it_works_on_it(service: Service) -> None:
    job, reaper = service.submit("0" * 64), service.reaper()
    service.store.claim(job, 1, "alive", BUNDLE)
    service.presence.announce(WorkerPresence(name="alive", state=WorkerState.BUSY, job_id=job), ttl_s=10)
    for _ in range(3):
        reaper.sweep()
    assert service.store.get(job).attempt == 1

    service.presence.announce(WorkerPresence(name="alive", state=WorkerState.READY), ttl_s=10)
    for _ in range(2):
        reaper.sweep()
    assert service.store.get(job).attempt == 2, "a worker that is idle has lost it"


def test_many_reapers_rescue_a_job_once(service: Service) -> None:
    job = service.submit("0" * 64)
    service.queue.remove(service.store.claim(job, 1, "dead", BUNDLE))
    reapers = [service.reaper() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            list(pool.map(lambda reaper: reaper.sweep(), reapers))
    record = service.store.get(job)
    assert (record.attempt, record.losses) == (2, 1)
    assert service.queue.waiting() == 1


def test_a_job_that_never_reached_the_queue_is_enqueued(service: Service) -> None:
    record, _ = service.store.create(EditRequest(source_id="0" * 64), ANONYMOUS)
    reaper = service.reaper()
    for _ in range(2):
        reaper.sweep()
    assert (record.job.id, 1) in service.queue.entries()


def test_a_cancelled_job_of_a_dead_worker_ends(service: Service) -> None:
    job, reaper = service.submit("0" * 64), service.reaper()
    service.store.claim(job, 1, "dead", BUNDLE)
    service.store.cancel(job)
    for _ in range(2):
        reaper.sweep()
    assert service.store.get(job).job.status is JobStatus.CANCELLED


def test_a_job_nobody_takes_fails_in_the_end(client: redis.Redis, settings: Settings) -> None:
    hurried = service_of(settings.model_copy(update={"queue_timeout_s": 0.1}), client)
    job = hurried.submit("0" * 64)
    time.sleep(0.15)
    hurried.reaper().sweep()
    error = hurried.store.get(job).job.error
    assert error is not None
    assert error.code == "queue_timeout"
    assert hurried.queue.entries() == set()


def test_a_record_that_has_gone_is_forgotten(service: Service, client: redis.Redis) -> None:
    job = service.submit("0" * 64)
    client.delete(f"{{portrait}}:job:{job}")
    service.reaper().sweep()
    assert service.store.active() == []
