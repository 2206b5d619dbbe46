"""Refuse request bodies over the limit before anything holds them, and those that come too slowly to ever end.

FastAPI's own `max_body_size` answers in plain text when Content-Length is over the limit; this API answers every
error as problem+json, so the check lives here.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyTooLargeError, HttpError, RequestTimeoutError
from service.problems import problem_response
from service.version import route_path

FORM_BYTES = 2**21  # for what surrounds the file: the other fields, multipart's own lines

# A client that is still sending would see a reset connection instead of the answer, so its body is read and
# thrown away for a while: this long, and this many times the limit.
DRAIN_S = 5.0
DRAIN_FACTOR = 4


class _RefusedBodyError(Exception):
    """The body is not read on. Outside the error tree, so that no handler answers before the body is drained."""

    def __init__(self, error: HttpError) -> None:
        super().__init__(str(error))
        self.error = error


class Pace(NamedTuple):
    """How slow a body may be: seconds that it may stand still, and that all its pauses may last beyond what `min_rate`,
    in bytes a second, gives what has come."""

    timeout_s: float
    min_rate: int


class FileBytes(NamedTuple):
    """Most bytes that the files of a multipart and of a JSON body may have together."""

    form: int
    json: int


class BodyLimitMiddleware:
    """Answer 413 when a body is announced, or turns out, to be larger than its files may be; 408 when it stands still.

    Args:
        max_file_bytes: for the one file that most routes take.
        pace: the slowest body that is read to its end.
        routes: paths of routes that take more.
    """

    def __init__(
        self, app: ASGIApp, max_file_bytes: int, pace: Pace, routes: Mapping[str, FileBytes] | None = None
    ) -> None:
        self.app = app
        self._pace = pace
        self._usual = FileBytes(max_file_bytes, max_file_bytes)
        self._routes = routes or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        files = self._files(route_path(scope), headers)
        limit = FORM_BYTES + files
        too_large = BodyTooLargeError(
            f"The body may have {limit:,} bytes, {files:,} of them in files; send a smaller file."
        )
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            await self._refuse(scope, receive, send, too_large, drain=DRAIN_FACTOR * limit)
            return
        body = _Body(receive, limit, too_large, self._pace)

        async def watching_send(message: Message) -> None:
            body.answered = body.answered or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, body.receive, watching_send)
        except _RefusedBodyError as refused:
            if body.answered:
                raise
            drain = DRAIN_FACTOR * limit if refused.error is too_large else 0
            await self._refuse(scope, receive, send, refused.error, drain=drain)

    def _files(self, path: str, headers: Headers) -> int:
        """Bytes that the files of a body may take; base64 in JSON makes four of three."""
        files = self._routes.get(path, self._usual)
        as_json = headers.get("content-type", "").startswith("application/json")
        return files.json * 4 // 3 if as_json else files.form

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: HttpError, *, drain: int) -> None:
        """Answer at once, then read what is still coming, up to `drain` bytes, then end the answer."""
        response = problem_response(scope["path"], error)

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        await response(scope, receive, send_open)
        # Who waits for 100 Continue has sent nothing yet and, with this answer, never will.
        if drain and Headers(scope=scope).get("expect", "").lower() != "100-continue":
            await _drain(receive, drain)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Body:
    """A request's body as it is received: counted, and timed while it is waited for."""

    def __init__(self, receive: Receive, limit: int, too_large: HttpError, pace: Pace) -> None:
        self._receive, self._limit, self._too_large, self._pace = receive, limit, too_large, pace
        self._received = 0
        self._waited = 0.0
        self._complete = False
        self.answered = False

    async def receive(self) -> Message:
        """The next message. Raises _RefusedBodyError when there should be none."""
        if self._complete:  # what comes now is the client's going away, whenever that is
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            if self.answered:  # too late to say so: as if the client had gone
                return {"type": "http.disconnect"}
            raise _RefusedBodyError(
                RequestTimeoutError(
                    f"The body came too slowly: after {self._received:,} bytes it was given up; send it again, from a "
                    "better connection or as a smaller file."
                )
            ) from None
        self._waited += time.monotonic() - began
        self._received += len(message.get("body", b""))
        self._complete = message["type"] == "http.disconnect" or not message.get("more_body", False)
        if self._received > self._limit:
            raise _RefusedBodyError(self._too_large)
        return message

    def _patience(self) -> float:
        """Seconds to wait for the next piece."""
        timeout_s, min_rate = self._pace
        return min(timeout_s, max(0.0, timeout_s + self._received / min_rate - self._waited))


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
