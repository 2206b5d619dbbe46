"""GET /jobs/{id}/events: a job's life as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.backend import BackendDep
from service.openapi import problems
from service.problems import REDIS_ERRORS
from service.routes.jobs import OwnedJob
from workers.contract.events import follow

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=problems(404))
async def stream_events(record: OwnedJob, backend: BackendDep) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `progress` whenever the job changes and one final `done`, each with the job as its data.

    The first event is the current state, whenever the client comes and whatever it has seen before: a job's state
    says all that its earlier events said, so `Last-Event-ID` needs no replay. A stream that ends without `done` was
    cut short by a restart; connect again.
    """
    changes = follow(backend.redis_async, record.job.id)
    stopping = asyncio.create_task(backend.stopping.wait())
    try:
        while True:
            change = asyncio.ensure_future(anext(changes))
            await asyncio.wait({change, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not change.done():
                change.cancel()
                return
            name, seen = change.result()
            yield ServerSentEvent(event=name, data=seen.job, id=f"{seen.attempt}-{seen.job.progress.done}")
            if name == "done":
                return
    except REDIS_ERRORS:
        return
    finally:
        stopping.cancel()
