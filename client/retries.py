"""When a request is sent again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from client.errors import NoConnectionError
from client.steps import Answer, Call, OpenStream, Send, Sleep, Steps

PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
"""Answers that may be others soon."""


@dataclass(frozen=True)
class Retries:
    """How patient the client is with a service that is busy or away.

    Attributes:
        most: times that a request is sent again; 0 for never.
        first_s: the pause before the first repetition; each further one is twice as long.
        longest_s: the longest pause. A service that asks for more (`Retry-After`) is not waited for.
        draw: a number in [0, 1): pauses are shortened by up to a half, so that clients do not come back all at once.
    """

    most: int = 4
    first_s: float = 0.5
    longest_s: float = 60.0
    draw: Callable[[], float] = random.random

    def pause(self, sent: int, retry_after: float | None = None) -> float | None:
        """Seconds before the next attempt, after `sent` of them; None when there should be none."""
        if sent > self.most or (retry_after or 0.0) > self.longest_s:
            return None
        backoff: float = min(self.first_s * 2 ** (sent - 1), self.longest_s)
        return max(backoff * (1 - self.draw() / 2), retry_after or 0.0)


PATIENT = Retries()


def retry_after(headers: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Seconds that the header Retry-After asks for, given in seconds or as a date; None without a usable one."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - now()).total_seconds()) if moment.tzinfo else None


def answered(call: Call, retries: Retries, step: type[Send | OpenStream] = Send) -> Steps[Answer]:
    """Send a call until it is answered for good. Raises NoConnectionError when it never is."""
    sent = 0
    while True:
        sent += 1
        try:
            answer: Answer = yield step(call)
        except NoConnectionError:
            pause = retries.pause(sent)
            if pause is None:
                raise
        else:
            wanted = retries.pause(sent, retry_after(answer.headers)) if _may_pass(answer) else None
            if wanted is None:
                return answer
            pause = wanted
        yield Sleep(pause)


def _may_pass(answer: Answer) -> bool:
    """Whether the same request may be answered otherwise later.

    With Content-Location the problem is a job's own: the key of the request leads to that job, however often it comes.
    """
    return answer.status in PASSING and "content-location" not in answer.headers
