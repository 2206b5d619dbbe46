"""A stored file as a response: streamed from the blob store, in parts if wanted, or fetched from the store itself."""

import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import NotModifiedResponse

from service.backend import Backend
from service.head import is_head
from service.preferences import ANY_FILE, accepts_bytes
from service.ranges import is_known, requested_range
from workers.contract.errors import ResultExpiredError, ServiceError
from workers.contract.jobs import JobRecord

CHUNK_BYTES = 2**18
_SHORT_ID = 8
_RESULT_EXPIRED = "The result has been deleted after its time to live; send the request again."


@dataclass(frozen=True)
class StoredFile:
    """A file in the blob store, as clients see it.

    Attributes:
        key: of the blob.
        name: for who saves it, without its ending.
        url: where it is.
        modified: when it was made, where that is known.
        expires_at: seconds since the epoch.
        expired: the error for whoever comes too late.
    """

    key: str
    media_type: str
    name: str
    url: str
    modified: datetime | None
    expires_at: float
    expired: ServiceError

    def headers(self) -> dict[str, str]:
        """What is true of the file, whichever part of it is sent."""
        extension = self.media_type.partition("/")[2].removeprefix("x-")
        dated = {} if self.modified is None else {"Last-Modified": format_datetime(self.modified, usegmt=True)}
        return dated | {
            "Accept-Ranges": "bytes",
            "Cache-Control": f"private, max-age={int(self.expires_at - time.time())}, immutable",
            "Content-Disposition": f'inline; filename="{self.name}.{extension}"',
            "Content-Location": self.url,
            # A blob's key is written once, so it stands for its bytes.
            "ETag": f'"{hashlib.sha256(self.key.encode()).hexdigest()[:32]}"',
            "Vary": "Authorization, Accept",
            "X-Content-Type-Options": "nosniff",
        }


def result_file(record: JobRecord, index: int = 0) -> StoredFile:
    """A result of a succeeded job; `index` is smaller than their number."""
    job = record.job
    assert job.result is not None, "only succeeded jobs have media"
    result = (job.results or [job.result])[index]
    number = f"-{index + 1}" if job.results else ""
    return StoredFile(
        key=record.blobs[index],
        media_type=result.media_type,
        name=f"{job.kind}-{job.id[:_SHORT_ID]}{number}",
        url=result.url,
        modified=(job.finished_at or job.created_at).astimezone(UTC),
        expires_at=record.result_expires_at or 0.0,
        expired=ResultExpiredError(_RESULT_EXPIRED),
    )


async def file_response(backend: Backend, file: StoredFile, request: Request | None = None) -> Response:
    """A stored file, or as much of it as the client asks for and does not have, or where the store has it.

    Args:
        backend: of this process.
        file: which one.
        request: for this very file, with its ranges and conditions. Without it the answer is the whole file.

    Raises:
        ServiceError: `file.expired`.
        RangeNotSatisfiableError: the file ends before the range begins.
    """
    if file.expires_at - time.time() <= 0:
        raise file.expired
    headers = Headers(file.headers())
    try:
        size = await run_in_threadpool(backend.blobs.size, file.key)
        if request is not None and is_known(request.headers, headers):
            return NotModifiedResponse(headers)
        if request is not None and (elsewhere := await _elsewhere(backend, file, request, headers)):
            return elsewhere
        part = None if request is None else requested_range(request.headers, headers, size)
        content = await run_in_threadpool(_open_at, backend, file.key, part.start if part else 0)
    except FileNotFoundError:
        raise file.expired from None
    length = len(part) if part else size
    mere_bytes = request is not None and accepts_bytes(request.headers.get("accept"), file.media_type)
    media_type = ANY_FILE if mere_bytes else file.media_type
    response = StreamingResponse(_chunks(content, length), 206 if part else 200, headers, media_type)
    response.headers["Content-Length"] = str(length)
    if part:
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response


async def _elsewhere(backend: Backend, file: StoredFile, request: Request, headers: Headers) -> Response | None:
    """A redirect to the object store, where the settings want it and the store signs addresses.

    What it signs is for GET alone.
    """
    if not backend.settings.redirect_to_storage or is_head(request.scope):
        return None
    life = max(1, min(backend.settings.signed_url_ttl_s, int(file.expires_at - time.time())))
    url = await run_in_threadpool(
        backend.blobs.signed_url,
        file.key,
        life,
        media_type=file.media_type,
        disposition=headers["content-disposition"],
    )
    return None if url is None else RedirectResponse(url, headers={"Cache-Control": "no-store"})


def _open_at(backend: Backend, key: str, start: int) -> IO[bytes]:
    file = backend.blobs.open(key)
    file.seek(start)
    return file


async def _chunks(file: IO[bytes], length: int) -> AsyncIterator[bytes]:
    with file:
        while length and (chunk := await run_in_threadpool(file.read, min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk
