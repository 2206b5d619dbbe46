"""One live connection: the newest wish is answered, those before it are not."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from service.backend import Backend
from service.errors import MalformedBodyError
from service.keys.tenant import Tenant
from service.live.messages import Authorize, LiveProblem, PreviewHeader, Wish, framed, read_message, seq_of
from service.live.metrics import LiveMetrics
from service.live.previews import PreviewJobs
from service.live.rate import WishRate
from service.problems import REDIS_ERRORS, store_error
from workers.contract.errors import ResultExpiredError, ServiceError, UnknownJobError
from workers.contract.invalid_request import problem_of
from workers.contract.jobs import JobRecord, JobStatus, Problem
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.previews import take_preview

log = logging.getLogger(__name__)

End = Literal["client", "idle", "slow", "restart"]
"""Why a connection ended: the client left, sent nothing, took nothing, or this process is to stop."""


class Slow(Exception):  # noqa: N818 - not the service's error
    """The client does not take what is sent."""


@dataclass
class _Current:
    """The wish that is a job now.

    Attributes:
        arrived: when the wish came, by the clock of `time.perf_counter`.
        waits: whether no worker has taken it yet, as far as is known.
    """

    job_id: str
    wish: Wish
    arrived: float
    waits: bool = True


class LiveSession:
    """Serves one connection that was accepted and whose tenant is known.

    At most one wish is a job at a time. While it waits in the queue, a newer wish takes its place there. While it
    runs, the newest one waits here: a picture that is about to be ready is worth showing, and what comes after it is
    the newest then. Only a run for another photo is stopped.
    """

    def __init__(self, websocket: WebSocket, backend: Backend, tenant: Tenant, metrics: LiveMetrics) -> None:
        self._websocket, self._backend, self._metrics = websocket, backend, metrics
        self._jobs = PreviewJobs(backend, tenant)
        self._rate = WishRate(backend.settings.live_wishes_per_s)
        self._current: _Current | None = None
        self._next: tuple[Wish, float] | None = None
        self._arrived = asyncio.Event()
        self._changing = asyncio.Lock()
        self.wishes = self.pictures = 0

    async def run(self) -> End:
        """Serve until one side ends it. What is still being made then is cancelled."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        except Slow:
            return "slow"
        except WebSocketDisconnect:
            return "client"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._drop()

    async def send_problem(self, error: ServiceError, seq: int | None = None) -> None:
        """Say why there is no picture."""
        await self._send_problem(problem_of(error, self._websocket.url.path), seq)

    async def _read(self) -> End:
        while True:
            try:
                async with asyncio.timeout(self._backend.settings.live_idle_s):
                    message = await self._websocket.receive()
            except TimeoutError:
                return "idle"
            if message["type"] == "websocket.disconnect":
                return "client"
            await self._take(message.get("text"))

    async def _take(self, text: str | None) -> None:
        arrived = time.perf_counter()
        try:
            if text is None:
                raise MalformedBodyError("Wishes are text messages with JSON; this one is binary.")
            self._rate.count()
            message = read_message(text)
        except ServiceError as error:
            await self.send_problem(error, None if text is None else seq_of(text))
            return
        if isinstance(message, Authorize):
            return  # clients may send it where no key is asked for, or twice
        self.wishes += 1
        self._metrics.count_wish()
        async with self._changing:
            if not await self._overtakes(message, arrived):
                self._next = message, arrived
                self._arrived.set()

    async def _overtakes(self, wish: Wish, arrived: float) -> bool:
        """Whether the wish is dealt with: it has taken the place of the one that waits, or is refused.

        A run that it makes useless is stopped.
        """
        current = self._current
        if current is None:
            return False
        if current.waits and current.wish.bundle == wish.bundle:
            try:
                if await run_in_threadpool(self._jobs.overtake, current.job_id, wish):
                    current.wish, current.arrived = wish, arrived
                    return True
            except (ServiceError, *REDIS_ERRORS) as error:
                await self._refuse(error, wish.seq)
                return True
        if _subject(current.wish) != _subject(wish):
            await self._cancel(current.job_id)
        return False

    async def _answer(self) -> End:
        while True:
            await self._arrived.wait()
            async with self._changing:
                assert self._next is not None
                (wish, arrived), self._next = self._next, None
                self._arrived.clear()
                await self._submit(wish, arrived)
            if self._current is not None:
                record = await self._follow(self._current)
                if record is not None and not record.job.status.final:
                    return "restart"
                arrived, self._current = self._current.arrived, None
                if record is not None:
                    await self._deliver(record, arrived)

    async def _submit(self, wish: Wish, arrived: float) -> None:
        try:
            record = await run_in_threadpool(self._jobs.submit, wish)
        except (ServiceError, *REDIS_ERRORS) as error:
            await self._refuse(error, wish.seq)
        else:
            self._current = _Current(record.job.id, wish, arrived)

    async def _follow(self, current: _Current) -> JobRecord | None:
        """The job as it was last seen: ended, unless this process is to stop. None where it cannot be seen."""
        record = None
        try:
            async with aclosing(self._backend.events.follow(current.job_id)) as changes:
                async for _, record in changes:
                    current.waits = record.job.status is JobStatus.QUEUED
        except (UnknownJobError, *REDIS_ERRORS) as error:
            await self._refuse(error, current.wish.seq)
            return None
        return record

    async def _deliver(self, record: JobRecord, arrived: float) -> None:
        """Send the picture, or why there is none. A job that was cancelled made room for another photo."""
        request, job = record.request, record.job
        assert isinstance(request, PreviewRequest), "nothing else is submitted here"
        if job.error is not None:
            await self._send_problem(job.error, request.seq)
        if job.result is None:
            return
        try:
            picture = await take_preview(self._backend.redis_async, record.blobs[0])
        except REDIS_ERRORS as error:
            await self._refuse(error, request.seq)
            return
        if picture is None:
            await self.send_problem(ResultExpiredError("The picture was not read in time; wish again."), request.seq)
            return
        seconds = time.perf_counter() - arrived
        self._metrics.observe_preview(seconds)
        header = PreviewHeader(
            seq=request.seq,
            media_type=job.result.media_type,
            width=job.result.width or 0,
            height=job.result.height or 0,
            timings=job.metrics | {"total_s": round(seconds, 4)},
            warnings=job.warnings,
        )
        await self._within_time(self._websocket.send_bytes(framed(header, picture)))
        self.pictures += 1

    async def _drop(self) -> None:
        if self._current is not None:
            await self._cancel(self._current.job_id)

    async def _cancel(self, job_id: str) -> None:
        try:
            await run_in_threadpool(self._jobs.cancel, job_id)
        except (ServiceError, *REDIS_ERRORS) as error:
            log.info("a preview that nobody wants any more could not be cancelled: %s", error)

    async def _refuse(self, error: Exception, seq: int) -> None:
        known = error if isinstance(error, ServiceError) else store_error(error)
        await self.send_problem(known, seq)

    async def _send_problem(self, problem: Problem, seq: int | None) -> None:
        self._metrics.count_problem(problem.code)
        await self._within_time(self._websocket.send_text(LiveProblem(seq=seq, problem=problem).text()))

    async def _within_time(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout(self._backend.settings.body_timeout_s):
                await sending
        except TimeoutError:
            raise Slow from None


def _subject(wish: Wish) -> tuple[object, ...]:
    """What a picture is of: of another one, it makes no sense to show it before."""
    return wish.source_id, wish.face, wish.bundle
