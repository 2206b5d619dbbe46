"""Following a job: current state at once, every change, one end."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import BUNDLE
from workers.contract.connection import connect_async
from workers.contract.errors import UnknownJobError
from workers.contract.events import follow, wait
from workers.contract.jobs import JobStatus, Progress
from workers.contract.owners import ANONYMOUS
from workers.contract.requests import EditRequest

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


def created(service: Service) -> str:
    """A new job's id."""
    return service.store.create(EditRequest(source_id="0" * 64), ANONYMOUS)[0].job.id


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
        client, seen = connect_async(service.settings.redis_url), []
        async for name, record in follow(client, job):
            seen.append((name, record.job.status, record.job.progress.done))
            # Each change waits for the one before it to be seen, so that none is passed over.
            threading.Timer(0.05, changes[seen[-1]]).start()
        await client.aclose()
        return seen

    assert asyncio.run(asyncio.wait_for(watch(), 30)) == list(changes)


def test_who_comes_late_gets_the_end_at_once(service: Service) -> None:
    job = created(service)
    service.store.cancel(job)

    async def watch() -> list[str]:
        client = connect_async(service.settings.redis_url)
        names = [name async for name, _ in follow(client, job)]
        await client.aclose()
        return names

    assert asyncio.run(asyncio.wait_for(watch(), 2)) == ["done"]


def test_waiting_ends_with_the_job_or_the_time(service: Service) -> None:
    slow, quick = created(service), created(service)

    async def both() -> tuple[JobStatus, float, JobStatus, float]:
        client = connect_async(service.settings.redis_url)
        began = time.monotonic()
        first = await wait(client, slow, 0.3)
        middle = time.monotonic()
        asyncio.get_running_loop().call_later(0.2, service.store.cancel, quick)
        second = await wait(client, quick, 10)
        ended = time.monotonic()
        with pytest.raises(UnknownJobError):
            await wait(client, "no-such-job", 1)
        await client.aclose()
        return first.job.status, middle - began, second.job.status, ended - middle

    first, first_s, second, second_s = asyncio.run(both())
    assert (first, second) == (JobStatus.QUEUED, JobStatus.CANCELLED)
    assert 0.3 <= first_s < 1.5
    assert second_s < 1.5
