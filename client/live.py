"""Live previews for programs that block."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

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


class Live:
    """A connection for sliders: wishes out, small pictures back, always of the newest wish. `PortraitClient.live`.

    It connects with the first wish, and again when the connection is lost, the service restarts, or nothing was wished
    for too long; the newest wish is then sent again. One thread may wish while another one waits for pictures.

    All methods raise:
        NoConnectionError: the service cannot be reached.
        ProblemError: it refuses the connection, such as for its key.
        LiveClosedError: it was closed before.
    """

    def __init__(self, address: dict[str, Any], retries: Retries, sleep: Callable[[float], None]) -> None:
        self._flows = LiveFlows(retries)
        self._socket = _Socket(address, sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[LivePicture]:
        """Pictures as they come, until the connection is closed here. Raises like `picture`."""
        with contextlib.suppress(LiveClosedError):
            while True:
                yield self.picture()

    def close(self) -> None:
        """Close it; who waits for a picture gets LiveClosedError."""
        self._socket.close()

    def wish(
        self,
        photo: Source | SourceId,
        *,
        controls: Fields | None = None,
        face: int | str | None = None,
        paste_back: bool | None = None,
        output: Fields | None = None,
        bundle: str | None = None,
    ) -> int:
        """Wish for a picture of an uploaded photo, instead of whatever was wished before.

        The arguments are the fields of docs/live.md; what is None is left to the service.

        Returns:
            The wish's number, which its picture has.
        """
        seq = self._flows.next_seq()
        return self._run(self._flows.wish(seq, wish_text(seq, photo, controls, face, paste_back, output, bundle)))

    def picture(self, timeout_s: float | None = None) -> LivePicture:
        """Wait for a picture that is newer than the last one; of several that are there, the newest.

        Args:
            timeout_s: how long to wait; without, as long as it takes.

        Raises:
            WishError: the service has no picture for a wish, and says why; the connection goes on.
            WaitTimeoutError: nothing came in time.
        """
        return self._run(self._flows.picture(timeout_s))

    def _run(self, steps: LiveSteps[T]) -> T:
        try:
            step = next(steps)
            while True:
                try:
                    came = self._socket.take(step)
                except PortraitError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(came)
        except StopIteration as end:
            result: T = end.value
            return result


class _Socket:
    def __init__(self, address: dict[str, Any], sleep: Callable[[float], None]) -> None:
        self._address, self._sleep = address, sleep
        self._opening = threading.Lock()
        self._stack = ExitStack()
        self._socket: ClientConnection | None = None
        self._closed = False

    def close(self) -> None:
        self._closed = True
        self._stack.close()

    def take(self, step: LiveStep) -> Any:
        """Take a step; what came of it, as the step says."""
        match step:
            case Sleep(seconds):
                return self._sleep(seconds)
            case Connect():
                return self._connect()
        socket = self._socket
        if socket is None:
            raise SocketEndedError(None, "")
        try:
            with socket_errors(self._address["uri"]):
                return _exchange(socket, step)
        except SocketEndedError:
            with self._opening:
                if self._socket is socket:
                    self._socket = None
            raise

    def _connect(self) -> bool:
        with self._opening:
            if self._closed:
                raise closed()
            if self._socket is not None:
                return False
            self._stack.close()
            with socket_errors(self._address["uri"]):
                socket = self._stack.enter_context(connect(**self._address))
                if not self._address["additional_headers"]:
                    socket.send(KEYLESS)
                greeted(socket.recv(self._address["open_timeout"]))
            self._socket = socket
            return True


def _exchange(socket: ClientConnection, step: SendText | Receive) -> str | bytes | None:
    if isinstance(step, SendText):
        socket.send(step.text)
        return None
    try:
        return socket.recv(step.timeout_s)
    except TimeoutError:
        return None
