"""GET /jobs/{id}/events: a job's life as server-sent events."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.backend import BackendDep
from service.links import LinksDep
from service.openapi import EVENTS, problems
from service.problems import REDIS_ERRORS
from service.routes.jobs import OwnedJob
from service.security import NEEDS_READ
from workers.contract.errors import UnknownJobError
from workers.contract.jobs import JobRecord

router = APIRouter(prefix="/jobs", tags=["jobs"])


def event_id(record: JobRecord) -> str:
    """Names a job's state among those that clients have seen."""
    return f"{record.attempt}-{record.job.progress.done}"


async def counted(backend: BackendDep) -> AsyncIterator[None]:
    """The stream counts as open until its answer has ended; there has to be room for it before that begins."""
    with backend.streams.count_stream():
        yield


@router.get(
    "/{job_id}/events",
    response_class=EventSourceResponse,
    dependencies=[NEEDS_READ, Depends(counted)],
    responses=EVENTS | problems(404, 503),
)
async def stream_events(record: OwnedJob, backend: BackendDep, links: LinksDep) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `progress` whenever the job changes and one final `done`, each with the job as its data.

    The first event is the current state, whenever the client comes and whatever it has seen before: a job's state
    says all that its earlier events said, so `Last-Event-ID` needs no replay. A stream that ends without `done` was
    cut short by a restart; connect again.
    """
    try:
        async with aclosing(backend.events.follow(record.job.id)) as changes:
            async for name, seen in changes:
                yield ServerSentEvent(event=name, data=links.job(seen).job, id=event_id(seen))
    except (UnknownJobError, *REDIS_ERRORS):  # erased meanwhile, or not to be read
        return
