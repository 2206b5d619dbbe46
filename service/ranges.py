"""Which part of a file a request asks for (RFC 9110, section 14), and whether the client has the file already.

Starlette's own ranges are for local paths, answer in plain text, and refuse units that a server has to ignore.
"""

import re

from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles

from service.errors import RangeNotSatisfiableError

# One range; any other header, such as one of several ranges, may be answered with the whole file.
_RANGE = re.compile(r"bytes\s*=\s*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))\s*", re.IGNORECASE)
_CONDITIONS = StaticFiles()


def is_known(request: Headers, answer: Headers) -> bool:
    """Whether the client has what the answer's `ETag` and `Last-Modified` name, by its If-None-Match or date."""
    return _CONDITIONS.is_not_modified(answer, request)


def requested_range(request: Headers, answer: Headers, size: int) -> range | None:
    """The bytes that the request asks for; None for all of them.

    Args:
        request: with the client's Range and If-Range.
        answer: with the file's ETag and, if known, Last-Modified.
        size: of the file.

    Raises:
        RangeNotSatisfiableError: the file ends before the range begins.
    """
    match = _RANGE.fullmatch(request.get("range", ""))
    condition = request.get("if-range")
    if match is None or (condition is not None and condition not in (answer["etag"], answer.get("last-modified"))):
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        part = range(max(0, size - int(suffix)), size)
    elif last and int(last) < int(first):
        return None  # an invalid range is no range
    else:
        part = range(int(first), min(size, int(last) + 1) if last else size)
    if not part:
        raise RangeNotSatisfiableError(
            f"The file has {size:,} bytes; ask for a range that begins before its end.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return part
