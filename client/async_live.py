"""Live previews for programs that await."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from client.calls import Fields, SourceId
from client.documents import Source
from client.errors import PortraitError
from client.live_flows import (
    Connect,
    LiveClosedError,
    LiveFlows,
    LiveStep,
    LiveSteps,
    Receive,
    SendText,
    SocketEndedError,
)
from client.live_messages import LivePicture, greeted, wish_text
from client.live_socket import KEYLESS, closed, socket_errors
from client.retries import Retries
from client.steps import Sleep, T


class AsyncLive:
    """`Live`, method by method, to be awaited: one task may wish while another one waits for pictures."""

    def __init__(self, address: dict[str, Any], retries: Retries, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._flows = LiveFlows(retries)
        self._socket = _Socket(address, sleep)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[LivePicture]:
        """As `Live.__iter__`."""
        with contextlib.suppress(LiveClosedError):
            while True:
                yield await self.picture()

    async def close(self) -> None:
        """As `Live.close`."""
        await self._socket.close()

    async def wish(
        self,
        photo: Source | SourceId,
        *,
        controls: Fields | None = None,
        face: int | str | None = None,
        paste_back: bool | None = None,
        output: Fields | None = None,
        bundle: str | None = None,
    ) -> int:
        """As `Live.wish`."""
        seq = self._flows.next_seq()
        return await self._run(self._flows.wish(seq, wish_text(seq, photo, controls, face, paste_back, output, bundle)))

    async def picture(self, timeout_s: float | None = None) -> LivePicture:
        """As `Live.picture`."""
        return await self._run(self._flows.picture(timeout_s))

    async def _run(self, steps: LiveSteps[T]) -> T:
        try:
            step = next(steps)
            while True:
                try:
                    came = await self._socket.take(step)
                except PortraitError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(came)
        except StopIteration as end:
            result: T = end.value
            return result


class _Socket:
    def __init__(self, address: dict[str, Any], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._address, self._sleep = address, sleep
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._socket: ClientConnection | None = None
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        await self._stack.aclose()

    async def take(self, step: LiveStep) -> Any:
        """Take a step; what came of it, as the step says."""
        match step:
            case Sleep(seconds):
                return await self._sleep(seconds)
            case Connect():
                return await self._connect()
        socket = self._socket
        if socket is None:
            raise SocketEndedError(None, "")
        try:
            with socket_errors(self._address["uri"]):
                return await _exchange(socket, step)
        except SocketEndedError:
            if self._socket is socket:
                self._socket = None
            raise

    async def _connect(self) -> bool:
        async with self._opening:
            if self._closed:
                raise closed()
            if self._socket is not None:
                return False
            await self._stack.aclose()
            with socket_errors(self._address["uri"]):
                socket = await self._stack.enter_async_context(connect(**self._address))
                if not self._address["additional_headers"]:
                    await socket.send(KEYLESS)
                async with asyncio.timeout(self._address["open_timeout"]):
                    greeted(await socket.recv())
            self._socket = socket
            return True


async def _exchange(socket: ClientConnection, step: SendText | Receive) -> str | bytes | None:
    if isinstance(step, SendText):
        await socket.send(step.text)
        return None
    try:
        async with asyncio.timeout(step.timeout_s):
            return await socket.recv()
    except TimeoutError:
        return None
