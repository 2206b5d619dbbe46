"""Takes steps with httpx, and blocks meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx

from client import http
from client.errors import NoConnectionError
from client.steps import Call, CloseStream, OpenStream, ReadChunk, ReadLine, Send, Sleep, Step, Steps, T


class Exchange:
    """The steps of one flow. At most one answer is open; it is closed at the end, however that comes.

    Args:
        sleep: how to wait.
    """

    def __init__(self, client: httpx.Client, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep
        self._response: httpx.Response | None = None
        self._rest: Iterator[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def take(self, step: Step) -> Any:
        """Take a step; what came of it, as the step says. Raises NoConnectionError."""
        with http.connection(self._client.base_url):
            match step:
                case Send(call) | OpenStream(call):
                    return self._send(call, stream=isinstance(step, OpenStream))
                case ReadLine() | ReadChunk():
                    return self._next(step)
                case CloseStream():
                    self._close()
                case Sleep(seconds):
                    self._sleep(seconds)
        return None

    def _send(self, call: Call, *, stream: bool) -> Any:
        self._close()
        with http.arguments(call) as given:
            response = self._client.send(self._client.build_request(**given), stream=True)
        self._response = response
        if stream and response.is_success:
            return http.answer(response)
        content = response.read()
        self._close()
        return http.answer(response, content)

    def _next(self, step: ReadLine | ReadChunk) -> Any:
        assert self._response is not None, "a stream is opened before it is read"
        if self._rest is None:
            self._rest = self._response.iter_lines() if isinstance(step, ReadLine) else self._response.iter_bytes()
        return next(self._rest, None)

    def _close(self) -> None:
        response, self._response, self._rest = self._response, None, None
        if response is not None:
            response.close()


def run(steps: Steps[T], exchange: Exchange) -> T:
    """Take steps to their end; what they return. Raises what they raise."""
    with exchange:
        try:
            step = next(steps)
            while True:
                try:
                    came = exchange.take(step)
                except NoConnectionError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(came)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            steps.close()
