"""Forms, as bytes: multipart/form-data, and the URL-encoded kind that some clients send when they have no file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from service.errors import BodyTooLargeError, MalformedBodyError
from workers.contract.text import cut

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
        BodyTooLargeError: a text part is too large.
    """
    kind, parameters = parse_options_header(request.headers["content-type"])
    if kind == b"multipart/form-data":
        boundary = parameters.get(b"boundary", b"").decode("latin-1")
        headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary}"' if boundary else ""})
        parser: FormParser | MultiPartParser = MultiPartParser(
            headers, request.stream(), max_files=most_parts, max_fields=most_parts, max_part_size=text_bytes
        )
    else:
        parser = FormParser(request.headers, request.stream(), max_fields=most_parts, max_part_size=text_bytes)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if "exceeded maximum size" in error.message:
            message = f"A text field is too large; at most {text_bytes:,} bytes are read. Send less, or a file."
            raise BodyTooLargeError(message) from error
        raise MalformedBodyError(f"The form cannot be read: {cut(error.message, 200)}") from error
    try:
        yield form
    finally:
        await form.close()
