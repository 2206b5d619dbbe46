"""What a live connection does, as steps without input or output: wishes and pictures, over a connection that lasts."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from client.errors import NoConnectionError, PortraitError, ProblemError, UnexpectedAnswerError, WaitTimeoutError
from client.live_messages import LivePicture, WishError, received
from client.retries import PASSING, Retries
from client.steps import Sleep, T

_TOO_LONG = 1009  # of the registry of close codes


class SocketEndedError(NoConnectionError):
    """The connection has ended; `code` says why, where the other side did."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"The live connection has ended: {reason or 'no reason given'} ({code or 'it broke'}).")
        self.code = code


class LiveClosedError(PortraitError):
    """The connection was closed by its own `close`."""


@dataclass(frozen=True)
class Connect:
    """Connect and be greeted, unless there is a connection; gives whether it is a new one.

    Raises NoConnectionError, WishError or UnexpectedAnswerError into the generator, as the next two steps do, and
    LiveClosedError once the connection was closed for good.
    """


@dataclass(frozen=True)
class SendText:
    """Send a message; gives None."""

    text: str


@dataclass(frozen=True)
class Receive:
    """Wait for a message; gives it, or None after so many seconds, where that is not None."""

    timeout_s: float | None


LiveStep = Connect | SendText | Receive | Sleep
LiveSteps = Generator[LiveStep, Any, T]
"""Yields steps, takes what came of each, returns a T."""


class LiveFlows:
    """One live connection, which is made again when it is lost; the newest wish is then sent again.

    Args:
        retries: how often, and with what pauses.
        now: a clock, in seconds.
    """

    def __init__(self, retries: Retries, now: Callable[[], float] = time.monotonic) -> None:
        self._retries, self._now = retries, now
        self._seq = self._shown = 0
        self._unanswered: tuple[int, str] | None = None
        self._error: WishError | None = None

    def next_seq(self) -> int:
        """The number of the next wish."""
        self._seq += 1
        return self._seq

    def wish(self, seq: int, text: str) -> LiveSteps[int]:
        """Send a wish in place of all before it; returns its number."""
        self._unanswered = seq, text
        yield from self._connected(SendText(text))
        return seq

    def picture(self, timeout_s: float | None) -> LiveSteps[LivePicture]:
        """Wait for a picture that is newer than the last one; of several the newest.

        Raises:
            WishError: the service has none for a wish.
            WaitTimeoutError: nothing came in time.
        """
        deadline = None if timeout_s is None else self._now() + timeout_s
        newest: LivePicture | None = None
        while self._error is None or newest is not None:
            left = 0.0 if newest is not None else None if deadline is None else max(0.0, deadline - self._now())
            message = yield from self._connected(Receive(left))
            if message is not None:
                newest = self._take(received(message)) or newest
            elif newest is not None:
                return newest
            elif deadline is not None and self._now() >= deadline:
                raise WaitTimeoutError(f"No picture came within {timeout_s:g} s; wish for one, or wait again.")
        error, self._error = self._error, None
        raise error

    def _take(self, message: LivePicture | WishError | None) -> LivePicture | None:
        """A picture that is worth showing; a problem is kept until it is."""
        if message is None:
            return None
        if message.seq is not None and self._unanswered is not None and message.seq >= self._unanswered[0]:
            self._unanswered = None
        if isinstance(message, WishError):
            if message.seq is not None or not _passes(message):  # else the service closes, and is called again
                self._error = message
            return None
        if message.seq <= self._shown:
            return None
        self._shown = message.seq
        return message

    def _connected(self, step: SendText | Receive) -> LiveSteps[Any]:
        """Take a step on a connection, however often that has to be made. Raises what the last one ended with."""
        tried = 0
        while True:
            try:
                if (yield Connect()) and isinstance(step, Receive) and self._unanswered is not None:
                    yield SendText(self._unanswered[1])
                return (yield step)
            except (NoConnectionError, ProblemError) as error:
                tried += 1
                pause = self._retries.pause(tried) if _passes(error) else None
                if pause is None:
                    raise _explained(error) from error.__cause__
            yield Sleep(pause)


def _passes(error: NoConnectionError | ProblemError) -> bool:
    """Whether a further connection may fare better."""
    if isinstance(error, ProblemError):
        return error.status in PASSING | {HTTPStatus.REQUEST_TIMEOUT}  # idle: no wish for too long
    return not (isinstance(error, SocketEndedError) and error.code == _TOO_LONG)


def _explained(error: NoConnectionError | ProblemError) -> PortraitError:
    if isinstance(error, SocketEndedError) and error.code == _TOO_LONG:
        return UnexpectedAnswerError("The wish is longer than the service takes; send fewer values.")
    return error
