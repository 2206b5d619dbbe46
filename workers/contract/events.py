"""Follow a job as it changes, for server-sent events and `Prefer: wait`."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Literal, cast

import redis.asyncio

from workers.contract.jobs import JobRecord
from workers.contract.records import events_channel, job_key, record_from_hash

# Announcements can be lost while a connection is down, so the job is also read this often.
_LOOK_AGAIN_S = 2.0


async def follow(
    client: "redis.asyncio.Redis", job_id: str
) -> AsyncIterator[tuple[Literal["progress", "done"], JobRecord]]:
    """Yield the job's current state at once, then every change, and end with one `done`.

    Args:
        client: an asyncio Redis client that returns bytes (`connect_async`).
        job_id: the job.

    Yields:
        The event's name and the job. Changes that follow one another quickly may be seen as one.

    Raises:
        UnknownJobError: there is no such job.
    """
    async with client.pubsub(ignore_subscribe_messages=True) as listener:
        # Subscribed before the first look, so that no change falls in between.
        await listener.subscribe(events_channel(job_id))
        seen: str | None = None
        while True:
            record = await _read(client, job_id)
            if record.job.status.final:
                yield "done", record
                return
            state = record.job.model_dump_json()
            if state != seen:
                seen = state
                yield "progress", record
            await listener.get_message(timeout=_LOOK_AGAIN_S)


async def wait(client: "redis.asyncio.Redis", job_id: str, seconds: float) -> JobRecord:
    """Wait until the job has ended, for `seconds` at most. Returns the job as it is then.

    Raises:
        UnknownJobError: there is no such job.
    """
    deadline = time.monotonic() + seconds
    record = await _read(client, job_id)
    events = follow(client, job_id)
    try:
        while not record.job.status.final:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                _, record = await anext(events)
    except TimeoutError:
        pass
    finally:
        await events.aclose()  # type: ignore[attr-defined]
    return record


async def _read(client: "redis.asyncio.Redis", job_id: str) -> JobRecord:
    raw = await client.hgetall(job_key(job_id))
    return record_from_hash(job_id, cast(dict[bytes, bytes], raw))
