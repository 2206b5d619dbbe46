"""Refuse request bodies over the limit before anything holds them.

FastAPI's own `max_body_size` answers in plain text when Content-Length is over the limit; this API answers every
error as problem+json, so the check lives here.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyTooLargeError
from service.problems import problem_response

FORM_BYTES = 2**21  # for what surrounds the file: the other fields, multipart's own lines

# A client that is still sending would see a reset connection instead of the answer, so its body is read and
# thrown away for a while: this long, and this many times the limit.
DRAIN_S = 5.0
DRAIN_FACTOR = 4


class _OverflowError(Exception):
    """The body grew over the limit. Outside the error tree, so that no handler answers before the body is drained."""


class FileBytes(NamedTuple):
    """Most bytes that the files of a multipart and of a JSON body may have together."""

    form: int
    json: int


class BodyLimitMiddleware:
    """Answer 413 when a body is announced, or turns out, to be larger than its files may be.

    Args:
        max_file_bytes: for the one file that most routes take.
        routes: paths of routes that take more.
    """

    def __init__(self, app: ASGIApp, max_file_bytes: int, routes: Mapping[str, FileBytes] | None = None) -> None:
        self.app = app
        self._usual = FileBytes(max_file_bytes, max_file_bytes)
        self._routes = routes or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        files = self._files(scope["path"], headers)
        limit = FORM_BYTES + files
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            await self._refuse(scope, receive, send, files)
            return
        received, started = 0, False

        async def counting_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _OverflowError
            return message

        async def watching_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, counting_receive, watching_send)
        except _OverflowError:
            if started:
                raise
            await self._refuse(scope, receive, send, files)

    def _files(self, path: str, headers: Headers) -> int:
        """Bytes that the files of a body may take; base64 in JSON makes four of three."""
        files = self._routes.get(path, self._usual)
        as_json = headers.get("content-type", "").startswith("application/json")
        return files.json * 4 // 3 if as_json else files.form

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, files: int) -> None:
        """Answer at once, then read what is still coming, then end the answer."""
        limit = FORM_BYTES + files
        detail = f"The body may have {limit:,} bytes, {files:,} of them in files; send a smaller file."
        response = problem_response(scope["path"], BodyTooLargeError(detail))

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        await response(scope, receive, send_open)
        # Who waits for 100 Continue has sent nothing yet and, with this answer, never will.
        if Headers(scope=scope).get("expect", "").lower() != "100-continue":
            await _drain(receive, DRAIN_FACTOR * limit)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive, max_bytes: int) -> None:
    drained, deadline = 0, time.monotonic() + DRAIN_S
    while drained < max_bytes:
        try:
            message = await asyncio.wait_for(receive(), deadline - time.monotonic())
        except TimeoutError:
            return
        drained += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
