"""A finished job's media as a response, streamed from the blob store."""

import time
from collections.abc import AsyncIterator
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from service.backend import Backend
from workers.contract.errors import ResultExpiredError
from workers.contract.jobs import JobRecord

CHUNK_BYTES = 2**18


async def media_response(backend: Backend, record: JobRecord, index: int = 0) -> Response:
    """A result of a succeeded job; `index` is smaller than the number of its results.

    Raises:
        ResultExpiredError: its time to live is over.
    """
    assert record.job.result is not None, "only succeeded jobs have media"
    result = (record.job.results or [record.job.result])[index]
    left = (record.result_expires_at or 0.0) - time.time()
    expired = ResultExpiredError("The result has been deleted after its time to live; send the request again.")
    if left <= 0:
        raise expired
    try:
        file, size = await run_in_threadpool(_open, backend, record.blobs[index])
    except FileNotFoundError:
        raise expired from None
    extension = result.media_type.partition("/")[2].removeprefix("x-")
    headers = {
        "Content-Length": str(size),
        "Content-Location": result.url,
        "Content-Disposition": f'inline; filename="{record.job.id}.{extension}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": f"private, max-age={int(left)}, immutable",
    }
    return StreamingResponse(_chunks(file), media_type=result.media_type, headers=headers)


def _open(backend: Backend, key: str) -> tuple[IO[bytes], int]:
    return backend.blobs.open(key), backend.blobs.size(key)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await run_in_threadpool(file.read, CHUNK_BYTES):
            yield chunk
