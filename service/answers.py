"""The answer to a request that made a job: accepted, or finished while the client waited."""

from contextlib import suppress

from redis import RedisError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.types import Receive

from service.backend import Backend
from service.errors import JobCancelledError
from service.hang_up import waited
from service.links import Links
from service.media import file_response, result_file
from service.preferences import preferred_wait, prefers_media
from service.problems import render
from workers.contract.jobs import JobRecord

# How soon it makes sense to request a job again that is still under way.
POLL_AFTER_S = 1

CANCELLED = "The job was cancelled and has no result; send the request again."


async def answer(
    backend: Backend,
    record: JobRecord,
    *,
    links: Links,
    prefer: str | None,
    accept: str | None,
    receive: Receive | None = None,
) -> Response:
    """Wait for the job as long as the client prefers, then answer with 202, with the job, or with its media.

    Args:
        backend: of this process.
        record: of the job.
        links: the addresses in the answer.
        prefer: the request's header Prefer.
        accept: the request's header Accept.
        receive: messages of the request, where its job goes with its client; see `service.hang_up`.

    Raises:
        ResultExpiredError: the media of a job that an earlier request made is no longer stored.
        JobCancelledError: the answer would be a document, and the job was cancelled meanwhile.
    """
    seconds = preferred_wait(prefer)
    if seconds is not None and not record.job.status.final:
        # It ends early when the process does, or Redis: the client will find its job where the 202 says.
        if receive is None:
            record = await backend.events.wait(record, seconds)
        else:
            record = await waited(backend, record, seconds, receive)
    if record.job.status.final:
        response = await _finished(backend, links.job(record), links, accept)
    else:
        # The promise is kept without the place, too, when Redis has gone meanwhile.
        with suppress(RedisError):
            record = await run_in_threadpool(backend.waits.placed, record)
        response = _accepted(links.job(record), links)
    if seconds is not None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def _accepted(record: JobRecord, links: Links) -> Response:
    """The job is under way: where to look for it, and when."""
    headers = {"Location": links.to(f"/jobs/{record.job.id}"), "Retry-After": str(POLL_AFTER_S)}
    return JSONResponse(record.body(), 202, headers=headers)


async def _finished(backend: Backend, record: JobRecord, links: Links, accept: str | None) -> Response:
    location = links.to(f"/jobs/{record.job.id}")
    if record.job.error is not None:
        return render(record.job.error, {"Content-Location": location})
    result = record.job.result
    # A document is JSON like the job, so Accept could not choose between the two: the answer is the document.
    wants_document = record.request.answers_with_document
    if result is None and wants_document:
        raise JobCancelledError(CANCELLED)
    if result is not None and (wants_document or prefers_media(accept, result.media_type)):
        response = await file_response(backend, result_file(record))
        response.headers["Location"] = location
        return response
    return JSONResponse(record.body(), headers={"Content-Location": location})
