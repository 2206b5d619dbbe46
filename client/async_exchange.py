"""Takes steps with httpx, and awaits meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import httpx

from client import http
from client.errors import NoConnectionError
from client.steps import Call, CloseStream, OpenStream, ReadChunk, ReadLine, Send, Sleep, Step, Steps, T


class AsyncExchange:
    """The steps of one flow. At most one answer is open; it is closed at the end, however that comes.

    Args:
        sleep: how to wait.
    """

    def __init__(self, client: httpx.AsyncClient, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._client = client
        self._sleep = sleep
        self._response: httpx.Response | None = None
        self._rest: AsyncIterator[Any] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def take(self, step: Step) -> Any:
        """Take a step; what came of it, as the step says. Raises NoConnectionError."""
        with http.connection(self._client.base_url):
            match step:
                case Send(call) | OpenStream(call):
                    return await self._send(call, stream=isinstance(step, OpenStream))
                case ReadLine() | ReadChunk():
                    return await self._next(step)
                case CloseStream():
                    await self._close()
                case Sleep(seconds):
                    await self._sleep(seconds)
        return None

    async def _send(self, call: Call, *, stream: bool) -> Any:
        await self._close()
        with http.arguments(call) as given:
            response = await self._client.send(self._client.build_request(**given), stream=True)
        self._response = response
        if stream and response.is_success:
            return http.answer(response)
        content = await response.aread()
        await self._close()
        return http.answer(response, content)

    async def _next(self, step: ReadLine | ReadChunk) -> Any:
        assert self._response is not None, "a stream is opened before it is read"
        if self._rest is None:
            self._rest = self._response.aiter_lines() if isinstance(step, ReadLine) else self._response.aiter_bytes()
        return await anext(self._rest, None)

    async def _close(self) -> None:
        response, self._response, self._rest = self._response, None, None
        if response is not None:
            await response.aclose()


async def run(steps: Steps[T], exchange: AsyncExchange) -> T:
    """Take steps to their end; what they return. Raises what they raise."""
    async with exchange:
        try:
            step = next(steps)
            while True:
                try:
                    came = await exchange.take(step)
                except NoConnectionError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(came)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            steps.close()
