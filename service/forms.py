"""Forms, as bytes: multipart/form-data, and the URL-encoded kind that some clients send when they have no file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from service.errors import BodyTooLargeError, MalformedBodyError
from workers.contract.text import cut

URL_ENCODED_BYTES = 2**21

FORM_TYPES = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


@asynccontextmanager
async def read_form(request: Request, *, most_parts: int, text_bytes: int) -> AsyncIterator[FormData]:
    """The parts of a form; its files are closed at the end.

    Text is read as UTF-8, whatever charset the header names: RFC 7578 knows no such parameter, and some of Python's
    codecs make text that cannot be written again, or take for ever.

    Args:
        most_parts: files and texts that are read, of each.
        text_bytes: the largest text part.

    Raises:
        MalformedBodyError: it cannot be parsed, or has too many parts.
        BodyTooLargeError: a text part, or a form without files, is too large.
    """
    kind, parameters = parse_options_header(request.headers["content-type"])
    if kind == b"multipart/form-data":
        boundary = parameters.get(b"boundary", b"").decode("latin-1")
        headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary}"' if boundary else ""})
        parser = MultiPartParser(
            headers, request.stream(), max_files=most_parts, max_fields=most_parts, max_part_size=text_bytes
        )
        form = await _multipart(parser, text_bytes)
    else:
        form = await run_in_threadpool(_url_encoded, await _read_little(request), most_parts)
    try:
        yield form
    finally:
        await form.close()


async def _multipart(parser: MultiPartParser, text_bytes: int) -> FormData:
    try:
        return await parser.parse()
    except MultiPartException as error:
        if "exceeded maximum size" in error.message:
            message = f"A text field is too large; at most {text_bytes:,} bytes are read. Send less, or a file."
            raise BodyTooLargeError(message) from error
        raise MalformedBodyError(f"The form cannot be read: {cut(error.message, 200)}") from error


async def _read_little(request: Request) -> bytes:
    """The body of a form without files, which has little to say. It is read to its end: a client that is cut off while
    it sends would not see the answer."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= URL_ENCODED_BYTES:
            body += chunk
    if size > URL_ENCODED_BYTES:
        message = f"A URL-encoded form may have {URL_ENCODED_BYTES:,} bytes; send multipart/form-data or JSON."
        raise BodyTooLargeError(message)
    return bytes(body)


def _url_encoded(body: bytes, most_parts: int) -> FormData:
    try:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=most_parts)
    except ValueError as error:
        raise MalformedBodyError(f"The form has too many fields; at most {most_parts} are read.") from error
    return FormData([*pairs])
