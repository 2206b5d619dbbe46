"""Tenants take turns: who has many jobs does not make those wait who have few. A real Redis and a real worker."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.integration.workers.conftest import own_database, picture, service_of
from workers.contract.batches import BatchStatus
from workers.contract.errors import QueueFullError, TooManyJobsError
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds.edit import EditRequest
from workers.contract.listing import JobFilter, JobListing
from workers.contract.queue_names import QueueName
from workers.contract.settings import Settings
from workers.contract.terms import Terms

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import redis

    from tests.integration.conftest import RedisServer
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of a database of its own."""
    yield from own_database(redis_server, 5)


@pytest.fixture
def settings(redis_server: RedisServer, tmp_path: Path) -> Settings:
    """Settings with a short queue."""
    url = f"{redis_server.url}?db=5"
    return Settings(redis_url=url, storage_url=str(tmp_path), max_queued=12, sweep_s=0.2, heartbeat_s=0.3)


@pytest.fixture
def service(settings: Settings, client: redis.Redis) -> Service:
    return service_of(settings, client)


@pytest.fixture
def photos(service: Service, astronaut: np.ndarray) -> dict[str, str]:
    """The id of a photo of each tenant."""
    return {name: service.sources.add(name, picture(astronaut)).id for name in ("many", "few", "third")}


def submit(service: Service, owner: str, source_id: str, **terms: int) -> JobRecord:
    record, _ = service.store.create(EditRequest(source_id=source_id), owner, terms=Terms(**terms))
    service.queue.enqueue(record)
    return record


def order(service: Service) -> list[str]:
    """Whose jobs come out of the queue, in turn."""
    ids = service.queue.first(100)[QueueName.INTERACTIVE]
    return [service.store.get(job_id).owner for job_id in ids]


def test_owners_take_turns(service: Service, photos: dict[str, str]) -> None:
    for owner, count in (("many", 6), ("few", 2), ("third", 1), ("many", 1)):
        for _ in range(count):
            submit(service, owner, photos[owner])
    assert order(service) == ["many", "few", "third", "many", "few", *["many"] * 5]


def test_one_owner_keeps_its_order(service: Service, photos: dict[str, str]) -> None:
    ids = [submit(service, "many", photos["many"]).job.id for _ in range(5)]
    assert service.queue.first(5)[QueueName.INTERACTIVE] == ids


def test_a_full_queue_is_full_for_who_filled_it(service: Service, photos: dict[str, str]) -> None:
    for _ in range(12):
        service.queue.ensure_room("many")
        submit(service, "many", photos["many"])
    with pytest.raises(QueueFullError):
        service.queue.ensure_room("many")
    for _ in range(6):
        service.queue.ensure_room("few")
        submit(service, "few", photos["few"])
    with pytest.raises(QueueFullError):
        service.queue.ensure_room("few")


def test_only_so_many_jobs_at_once(service: Service, photos: dict[str, str]) -> None:
    first = submit(service, "many", photos["many"], jobs_at_once=2)
    submit(service, "many", photos["many"], jobs_at_once=2)
    with pytest.raises(TooManyJobsError, match="2 jobs"):
        submit(service, "many", photos["many"], jobs_at_once=2)
    submit(service, "few", photos["few"], jobs_at_once=2)
    service.store.cancel(first.job.id)
    third = submit(service, "many", photos["many"], jobs_at_once=2)
    service.client.delete(f"{{portrait}}:job:{third.job.id}")  # as an eviction does
    submit(service, "many", photos["many"], jobs_at_once=2)


def test_a_batch_heeds_how_many_jobs_may_be_at_once(service: Service, photos: dict[str, str]) -> None:
    edits = [EditRequest(source_id=photos["many"])] * 5
    service.batches.create(edits, "many", {}, terms=Terms(jobs_at_once=1))
    assert len(service.queue.entries()) == 1
    with pytest.raises(TooManyJobsError):
        submit(service, "many", photos["many"], jobs_at_once=1)


def test_a_thousand_edits_do_not_keep_anothers_single_one_waiting(
    service: Service, photos: dict[str, str], start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    batch = service.batches.create([EditRequest(source_id=photos["many"])] * 1000, "many", {})
    for _ in range(10):
        submit(service, "many", photos["many"])
    start_worker()
    service.finish(service.batches.jobs(batch.id, 0, 1)[0].job.id)  # the thousand are under way
    for _ in range(10):
        submit(service, "many", photos["many"])
    few = [submit(service, "few", photos["few"]).job.id for _ in range(2)]
    other_batch = service.batches.create([EditRequest(source_id=photos["few"])], "few", {})
    few.append(service.batches.jobs(other_batch.id, 0, 1)[0].job.id)
    ended = [service.finish(job_id).job for job_id in few]
    assert service.batches.owned(batch.id, "many").status is BatchStatus.RUNNING
    many = [record.job for record in service.batches.jobs(batch.id, 0, 1000)]
    many += [record.job for record in JobListing(service.client).page("many", JobFilter(kind="edit"), 100).records]
    starts = {job.id: job.started_at for job in many if job.started_at is not None}
    waits = [(job.created_at, job.started_at) for job in ended if job.started_at is not None]
    before = [sum(created < start < own for start in starts.values()) for created, own in waits]
    assert [job.status for job in ended] == [JobStatus.SUCCEEDED] * 3
    assert all(count <= most for count, most in zip(before, (2, 4, 30), strict=True)), before
