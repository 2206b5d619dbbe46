"""A client that waits for its job and hangs up: where nobody else can know of the job, it is cancelled."""

import asyncio
import logging

from redis import RedisError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive

from service.backend import Backend
from workers.contract.cancelling import cancel_job
from workers.contract.errors import ServiceError
from workers.contract.jobs import JobRecord
from workers.contract.kinds.common import RequestFields

log = logging.getLogger(__name__)


async def waited(backend: Backend, record: JobRecord, seconds: float, receive: Receive) -> JobRecord:
    """Wait until a job has ended, for `seconds` at most, or cancel it when its client goes.

    Only for jobs that are known to their client alone.

    Args:
        receive: messages of the job's request, whose body has been read.

    Returns:
        The job as it was last seen.

    Raises:
        UnknownJobError: the job has been there, and is no longer.
    """
    waiting = asyncio.ensure_future(backend.events.wait(record, seconds))
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        await _cancel(backend, record)
        return record
    finally:
        for task in (waiting, leaving):
            task.cancel()


def is_known_to_its_client_alone(record: JobRecord, idempotency_key: str | None) -> bool:
    """Whether nobody can learn of a job but who waits for the answer to its request."""
    request = record.request
    called_back = isinstance(request, RequestFields) and request.callback.url is not None
    return idempotency_key is None and not called_back


async def _left(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancel(backend: Backend, record: JobRecord) -> None:
    try:
        await run_in_threadpool(cancel_job, backend.jobs, backend.queue, record.job.id)
    except (RedisError, ServiceError) as error:
        log.info("a job whose client has gone could not be cancelled: %s", error)
    else:
        log.info("the client has gone, and its job %s with it", record.job.id)
