"""A finished job's media as a response, streamed from the blob store."""

import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC
from email.utils import format_datetime
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.staticfiles import NotModifiedResponse

from service.backend import Backend
from service.preferences import ANY_FILE, accepts_bytes
from service.ranges import is_known, requested_range
from workers.contract.errors import ResultExpiredError
from workers.contract.jobs import Job, JobRecord, Result

CHUNK_BYTES = 2**18
_SHORT_ID = 8


async def media_response(
    backend: Backend, record: JobRecord, index: int = 0, *, request: Headers | None = None
) -> Response:
    """A result of a succeeded job, or as much of it as the client asks for and does not have.

    Args:
        backend: of this process.
        record: of the job.
        index: of the result; smaller than their number.
        request: headers of a request for this very file, with its ranges and conditions. Without them the answer is
            the whole file.

    Raises:
        ResultExpiredError: its time to live is over.
        RangeNotSatisfiableError: the file ends before the range begins.
    """
    assert record.job.result is not None, "only succeeded jobs have media"
    result = (record.job.results or [record.job.result])[index]
    left = (record.result_expires_at or 0.0) - time.time()
    expired = ResultExpiredError("The result has been deleted after its time to live; send the request again.")
    if left <= 0:
        raise expired
    key = record.blobs[index]
    headers = Headers(_headers(record.job, result, key, index, max_age=int(left)))
    try:
        size = await run_in_threadpool(backend.blobs.size, key)
        if request is not None and is_known(request, headers):
            return NotModifiedResponse(headers)
        part = None if request is None else requested_range(request, headers, size)
        file = await run_in_threadpool(_open_at, backend, key, part.start if part else 0)
    except FileNotFoundError:
        raise expired from None
    length = len(part) if part else size
    mere_bytes = request is not None and accepts_bytes(request.get("accept"), result.media_type)
    media_type = ANY_FILE if mere_bytes else result.media_type
    response = StreamingResponse(_chunks(file, length), 206 if part else 200, headers, media_type)
    response.headers["Content-Length"] = str(length)
    if part:
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response


def _headers(job: Job, result: Result, key: str, index: int, *, max_age: int) -> dict[str, str]:
    """What is true of the file, whichever part of it is sent."""
    extension = result.media_type.partition("/")[2].removeprefix("x-")
    number = f"-{index + 1}" if job.results else ""
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={max_age}, immutable",
        "Content-Disposition": f'inline; filename="{job.kind}-{job.id[:_SHORT_ID]}{number}.{extension}"',
        "Content-Location": result.url,
        # A blob's key is written once, so it stands for its bytes.
        "ETag": f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"',
        "Last-Modified": format_datetime((job.finished_at or job.created_at).astimezone(UTC), usegmt=True),
        "Vary": "Authorization, Accept",
        "X-Content-Type-Options": "nosniff",
    }


def _open_at(backend: Backend, key: str, start: int) -> IO[bytes]:
    file = backend.blobs.open(key)
    file.seek(start)
    return file


async def _chunks(file: IO[bytes], length: int) -> AsyncIterator[bytes]:
    with file:
        while length and (chunk := await run_in_threadpool(file.read, min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk
