"""Follow jobs as they change, for server-sent events and `Prefer: wait`: one Redis subscription for a whole process."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Literal, cast

import redis.asyncio

from workers.contract.jobs import Job, JobRecord
from workers.contract.records import EVERY_CHANNEL, job_key, job_of_channel, record_from_hash

log = logging.getLogger(__name__)

# An announcement can be lost with a connection that nobody has noticed to be dead, so jobs are also read this often.
_LOOK_AGAIN_S = 10.0
_RECONNECT_S = 1.0
_AT_ONCE = 50  # jobs in one round trip: their requests may be long


class _Watch:
    """What is known of one job that somebody follows."""

    def __init__(self) -> None:
        self.followers = 0
        self.raw: Mapping[bytes, bytes] | None = None
        self.record: JobRecord | None = None
        self.error: Exception | None = None
        self.changed = asyncio.Event()

    def publish(self) -> None:
        """Wake all followers; who waits from now on waits for the next change."""
        self.changed.set()
        self.changed = asyncio.Event()


class JobEvents:
    """Tells every follower in this process how its job changes, with two Redis connections, however many follow.

    Args:
        client: an asyncio Redis client that returns bytes (`connect_async`).
    """

    def __init__(self, client: "redis.asyncio.Redis") -> None:
        self._client = client
        self._watches: dict[str, _Watch] = {}
        self._stale: set[str] = set()
        self._any_stale = asyncio.Event()
        self._stopped = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen to Redis while open. Redis need not be there yet, and may come and go."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._read_periodically())]
        try:
            yield
        finally:
            for task in tasks:
                await _end(task)

    def stop(self) -> None:
        """End everything that follows, now and from now on: the process is to end."""
        self._stopped = True
        for watch in self._watches.values():
            watch.publish()

    async def follow(self, job_id: str) -> AsyncGenerator[tuple[Literal["progress", "done"], JobRecord], None]:
        """Yield the job's current state at once, then every change, and end with one `done`, or early after `stop`.

        Yields:
            The event's name and the job. Changes that follow one another quickly may be seen as one.

        Raises:
            UnknownJobError: there is no such job.
            redis.RedisError: Redis went away.
        """
        watch = self._join(job_id)
        seen: Job | None = None
        try:
            while not self._stopped:
                changed = watch.changed
                if watch.error is not None:
                    raise watch.error.with_traceback(None)  # others raise it too
                record = watch.record
                if record is None or record.job == seen:
                    await changed.wait()
                    continue
                seen = record.job
                yield "done" if seen.status.final else "progress", record
                if seen.status.final:
                    return
        finally:
            self._leave(job_id, watch)

    async def wait(self, record: JobRecord, seconds: float) -> JobRecord:
        """Wait until the job has ended, for `seconds` at most, or until `stop` or the loss of Redis.

        Returns:
            The job as it was last seen.

        Raises:
            UnknownJobError: the job has been there, and is no longer.
        """
        try:
            async with asyncio.timeout(seconds), aclosing(self.follow(record.job.id)) as changes:
                async for _, changed in changes:
                    record = changed
        except (TimeoutError, redis.RedisError):
            pass
        return record

    def _join(self, job_id: str) -> _Watch:
        watch = self._watches.setdefault(job_id, _Watch())
        watch.followers += 1
        self._notify([job_id])
        return watch

    def _leave(self, job_id: str, watch: _Watch) -> None:
        watch.followers -= 1
        if not watch.followers:
            self._forget(job_id, watch)

    def _forget(self, job_id: str, watch: _Watch) -> None:
        if self._watches.get(job_id) is watch:
            del self._watches[job_id]

    def _notify(self, job_ids: Iterable[str]) -> None:
        """Have jobs read again, those that are followed."""
        self._stale.update(self._watches.keys() & set(job_ids))
        if self._stale:
            self._any_stale.set()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.psubscribe(EVERY_CHANNEL)
                    while True:
                        if message := await subscription.get_message(timeout=_LOOK_AGAIN_S):
                            self._handle(message)
            except Exception as error:  # noqa: BLE001 - whatever it was, followers need somebody who listens
                log.warning("listening to job events was interrupted: %s", error)
                self._notify(self._watches)  # whoever follows a job learns that Redis is away, if it is
                await asyncio.sleep(_RECONNECT_S)

    def _handle(self, message: Mapping[str, bytes | str]) -> None:
        if message["type"] == "pmessage":
            self._notify([job_of_channel(cast(bytes, message["channel"]).decode())])
        elif message["type"] == "psubscribe":  # for the first time, or anew: nobody listened until now
            self._notify(self._watches)

    async def _read_periodically(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._any_stale.wait()
            except TimeoutError:
                self._notify(self._watches)
            self._any_stale.clear()
            job_ids, self._stale = list(self._stale), set()
            for first in range(0, len(job_ids), _AT_ONCE):
                await self._read(job_ids[first : first + _AT_ONCE])

    async def _read(self, job_ids: Iterable[str]) -> None:
        watches = {job_id: self._watches[job_id] for job_id in job_ids if job_id in self._watches}
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for job_id in watches:
                    pipe.hgetall(job_key(job_id))
                found = await pipe.execute()
        except Exception as error:  # noqa: BLE001 - it is its followers' error; the next jobs may be readable
            for job_id, watch in watches.items():
                self._fail(job_id, watch, error)
            return
        for (job_id, watch), raw in zip(watches.items(), found, strict=True):
            self._update(job_id, watch, raw)

    def _update(self, job_id: str, watch: _Watch, raw: Mapping[bytes, bytes]) -> None:
        if raw == watch.raw:
            return
        try:
            watch.raw, watch.record = raw, record_from_hash(job_id, raw)
        except Exception as error:  # noqa: BLE001 - a record that cannot be read ends its own followers alone
            self._fail(job_id, watch, error)
            return
        if watch.record.job.status.final:
            self._forget(job_id, watch)
        watch.publish()

    def _fail(self, job_id: str, watch: _Watch, error: Exception) -> None:
        self._forget(job_id, watch)
        watch.error = error
        watch.publish()


async def _end(task: "asyncio.Task[None]") -> None:
    # One cancellation may not do: redis-py sends with `asyncio.wait_for`, which swallows some on Python 3.11.
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
