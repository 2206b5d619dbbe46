"""Following a job: current state at once, every change, one end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import redis

from tests.integration.conftest import BUNDLE
from workers.contract.connection import connect_async
from workers.contract.errors import UnknownJobError
from workers.contract.events import JobEvents
from workers.contract.jobs import JobStatus, Progress
from workers.contract.kinds.edit import EditRequest
from workers.contract.owners import ANONYMOUS

if TYPE_CHECKING:
    from tests.integration.conftest import RedisServer
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


def created(service: Service) -> str:
    """A new job's id."""
    return service.store.create(EditRequest(source_id="0" * 64), ANONYMOUS)[0].job.id


@asynccontextmanager
async def listening(service: Service) -> AsyncIterator[JobEvents]:
    """The events of the module's Redis."""
    client = connect_async(service.settings.redis_url)
    events = JobEvents(client)
    async with events.listening():
        yield events
    await client.aclose()


def test_changes_are_seen_as_they_happen_and_the_end_is_the_last(service: Service) -> None:
    job = created(service)
    changes = {
        ("progress", JobStatus.QUEUED, 0): lambda: service.store.claim(job, 1, "worker", BUNDLE),
        ("progress", JobStatus.RUNNING, 0): lambda: service.store.report(job, 1, Progress(done=1, total=2)),
        ("progress", JobStatus.RUNNING, 1): lambda: service.store.report(job, 1, Progress(done=2, total=2)),
        ("progress", JobStatus.RUNNING, 2): lambda: service.store.end_cancelled(job, 1, {}),
        ("done", JobStatus.CANCELLED, 2): lambda: None,
    }

    async def watch() -> list[tuple[str, JobStatus, int]]:
        seen = []
        async with listening(service) as events:
            async for name, record in events.follow(job):
                seen.append((name, record.job.status, record.job.progress.done))
                # Each change waits for the one before it to be seen, so that none is passed over.
                threading.Timer(0.05, changes[seen[-1]]).start()
        return seen

    assert asyncio.run(asyncio.wait_for(watch(), 30)) == list(changes)


def test_who_comes_late_gets_the_end_at_once(service: Service) -> None:
    job = created(service)
    service.store.cancel(job)

    async def watch() -> list[str]:
        async with listening(service) as events:
            return [name async for name, _ in events.follow(job)]

    assert asyncio.run(asyncio.wait_for(watch(), 2)) == ["done"]


def test_waiting_ends_with_the_job_or_the_time(service: Service) -> None:
    slow, quick = (service.store.get(created(service)) for _ in range(2))

    async def both() -> tuple[JobStatus, float, JobStatus, float]:
        async with listening(service) as events:
            began = time.monotonic()
            first = await events.wait(slow, 0.3)
            middle = time.monotonic()
            asyncio.get_running_loop().call_later(0.2, service.store.cancel, quick.job.id)
            second = await events.wait(quick, 10)
            ended = time.monotonic()
            service.client.delete(f"{{portrait}}:job:{slow.job.id}")
            with pytest.raises(UnknownJobError):
                await events.wait(slow, 1)
        return first.job.status, middle - began, second.job.status, ended - middle

    first, first_s, second, second_s = asyncio.run(both())
    assert (first, second) == (JobStatus.QUEUED, JobStatus.CANCELLED)
    assert 0.3 <= first_s < 1.5
    assert second_s < 1.5


def test_many_followers_share_two_connections(service: Service) -> None:
    jobs = [created(service) for _ in range(5)]

    async def watch() -> tuple[list[list[str]], list[int]]:
        before = {connection["id"] for connection in service.client.client_list()}
        async with listening(service) as events:
            followers = [asyncio.create_task(names(events, job)) for job in jobs * 60]
            await asyncio.sleep(0.5)
            new = [one for one in service.client.client_list() if one["id"] not in before]
            for job in jobs:
                service.store.cancel(job)
            return await asyncio.gather(*followers), sorted(int(one["psub"]) for one in new)

    async def names(events: JobEvents, job: str) -> list[str]:
        return [name async for name, _ in events.follow(job)]

    seen, subscriptions = asyncio.run(asyncio.wait_for(watch(), 30))
    assert seen == [["progress", "done"]] * 300
    assert subscriptions == [0, 1], "a connection that reads and one that listens"


def test_a_lost_connection_loses_no_change(service: Service) -> None:
    job = created(service)

    async def watch() -> list[tuple[str, JobStatus]]:
        seen = []
        async with listening(service) as events:
            async for name, record in events.follow(job):
                seen.append((name, record.job.status))
                if record.job.status is JobStatus.QUEUED:
                    service.client.client_kill_filter(_type="pubsub")
                    service.store.claim(job, 1, "worker", BUNDLE)
                else:
                    service.store.cancel(job)
                    service.store.end_cancelled(job, 1, {})
        return seen

    expected = [("progress", JobStatus.QUEUED), ("progress", JobStatus.RUNNING), ("done", JobStatus.CANCELLED)]
    assert asyncio.run(asyncio.wait_for(watch(), 8)) == expected


def test_followers_learn_that_redis_went_and_later_ones_that_it_is_back(
    service: Service, redis_server: RedisServer
) -> None:
    record = service.store.get(created(service))
    job = record.job.id

    async def watch() -> list[str]:
        async with listening(service) as events:
            changes = events.follow(job)
            assert (await anext(changes))[0] == "progress"
            waiting = asyncio.create_task(events.wait(record, 60))
            await asyncio.to_thread(redis_server.stop)
            try:
                with pytest.raises(redis.ConnectionError):
                    await anext(changes)
                assert (await waiting).job.status is JobStatus.QUEUED, "as it was last seen"
            finally:
                await asyncio.to_thread(redis_server.start)
            asyncio.get_running_loop().call_later(0.3, service.store.cancel, job)
            return [name async for name, _ in events.follow(job)]

    assert asyncio.run(asyncio.wait_for(watch(), 20)) == ["progress", "done"]


def test_stopping_ends_every_follower_and_no_job(service: Service) -> None:
    record = service.store.get(created(service))

    async def watch() -> tuple[list[str], JobStatus, list[str]]:
        async with listening(service) as events:
            waiting = asyncio.create_task(events.wait(record, 60))
            names = []
            async for name, _ in events.follow(record.job.id):
                names.append(name)
                events.stop()
            late = [name async for name, _ in events.follow(record.job.id)]
            return names, (await waiting).job.status, late

    assert asyncio.run(asyncio.wait_for(watch(), 5)) == (["progress"], JobStatus.QUEUED, [])
