"""Very many event streams at a time, on a real API process."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.integration.api.conftest import ActedWorker, ApiProcess, api_process, assert_problem, wait_until
from workers.contract.kinds.edit import EditRequest
from workers.contract.owners import ANONYMOUS

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

STREAMS = 500
NAME = "streams"  # of the process's connections to Redis


@pytest.fixture
def plenty_of_sockets() -> Iterator[None]:
    """This process may hold the client's ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def process(settings: ApiSettings, worker: ActedWorker, plenty_of_sockets: None) -> Iterator[ApiProcess]:
    with api_process(settings, PORTRAIT_REDIS_URL=f"{settings.redis_url}?client_name={NAME}") as process:
        yield process


def test_500_idle_streams_are_served_and_the_next_is_refused(
    process: ApiProcess, worker: ActedWorker, client: redis.Redis
) -> None:
    jobs = [worker.store.create(EditRequest(source_id="0" * 64), ANONYMOUS)[0].job.id for _ in range(50)]

    async def follow(job: str, open_streams: asyncio.Semaphore, opened: list[str]) -> str:
        """Read a stream to its end. Returns everything that came."""
        async with open_streams:
            reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
            writer.write(f"GET /jobs/{job}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            text = await reader.readuntil(b"event: progress")
            opened.append(job)
        text += await reader.read()
        writer.close()
        return text.decode()

    async def scenario() -> list[str]:
        opened: list[str] = []
        at_a_time = asyncio.Semaphore(50)
        streams = [asyncio.create_task(follow(job, at_a_time, opened)) for job in jobs * (STREAMS // len(jobs))]
        while len(opened) < STREAMS:
            assert not [stream.result() for stream in streams if stream.done()], "all of them stay open"
            await asyncio.sleep(0.05)

        connections = [one for one in client.client_list() if one["name"] == NAME]
        assert sum(int(one["psub"]) for one in connections) == 1
        # Jobs are looked up in the thread pool before their streams begin: its 40 threads may hold a connection each.
        assert len(connections) < 50
        refused = await asyncio.to_thread(process.http.get, f"/jobs/{jobs[0]}/events")
        assert_problem(refused, 503, "too_many_streams")
        assert int(refused.headers["retry-after"]) > 0
        assert (await asyncio.to_thread(process.http.get, f"/jobs/{jobs[0]}")).status_code == 200

        for job in jobs:
            worker.store.cancel(job)
        return await asyncio.gather(*streams)

    for text in asyncio.run(asyncio.wait_for(scenario(), 120)):
        assert text.startswith("HTTP/1.1 200")
        assert text.count("event: done") == 1
        assert '"status":"cancelled"' in text
    assert "event: done" in process.http.get(f"/jobs/{jobs[0]}/events").text, "there is room again"


def test_streams_that_clients_leave_make_room(settings: ApiSettings, worker: ActedWorker) -> None:
    with api_process(settings, PORTRAIT_MAX_STREAMS="1") as process:
        events = f"/jobs/{worker.store.create(EditRequest(source_id='0' * 64), ANONYMOUS)[0].job.id}/events"

        def opens() -> bool:
            with process.http.stream("GET", events) as stream:
                return stream.status_code == 200

        with process.http.stream("GET", events) as stream:
            lines = stream.iter_lines()  # kept: the stream would be closed with it
            assert next(lines) == "event: progress"
            assert not opens()
        for _ in range(3):
            wait_until(opens)
