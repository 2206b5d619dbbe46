"""Wait for a job's end: by its events, or by asking from time to time where they do not come through."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from client.answers import parsed, succeeded
from client.calls import job_path
from client.documents import Job
from client.errors import NoConnectionError, WaitTimeoutError
from client.retries import Retries, answered
from client.steps import Answer, Call, CloseStream, OpenStream, ReadLine, Sleep, Steps

ASK_EVERY_S = 1.0
STREAMS = 3  # event streams that may break before the job is only polled
SILENCE_S = 45.0  # the service sends a comment every 15 s, so a stream that is silent for longer is dead
_DATA = "data:"

OnProgress = Callable[[Job], object]


@dataclass
class Waiting:
    """One wait for a job.

    Attributes:
        on_progress: gets every change, the last one included.
        timeout_s: how long to wait; None for as long as it takes.
        now: a clock, in seconds.
    """

    job: Job
    retries: Retries
    on_progress: OnProgress | None = None
    timeout_s: float | None = None
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._deadline = None if self.timeout_s is None else self.now() + self.timeout_s
        self._reported: Job | None = None

    def steps(self) -> Steps[Job]:
        """Wait until the job has succeeded.

        Raises:
            ProblemError, JobCancelledError: it ended in another way.
            WaitTimeoutError: it did not end in time.
        """
        streams = STREAMS
        self._tell(self.job)
        while not self.job.ended:
            if streams and self._left() > SILENCE_S:
                yield from self._follow()
                streams -= 1
            else:
                yield Sleep(min(ASK_EVERY_S, self._left()))
            if not self.job.ended:  # a stream that ends before the job was cut short
                self._tell(parsed((yield from answered(Call("GET", job_path(self.job)), self.retries)), Job))
        return succeeded(self.job)

    def _follow(self) -> Steps[None]:
        call = Call("GET", f"{job_path(self.job)}/events", read_timeout_s=SILENCE_S)
        try:
            answer: Answer = yield OpenStream(call)
            line = (yield ReadLine()) if answer.status == 200 else None
            while line is not None:
                self._heed(line)
                line = (yield ReadLine()) if not self.job.ended and self._left() > SILENCE_S else None
        except (NoConnectionError, ValidationError):  # asking will tell what it is
            pass
        yield CloseStream()

    def _heed(self, line: str) -> None:
        if line.startswith(_DATA):
            self._tell(Job.model_validate_json(line.removeprefix(_DATA)))

    def _left(self) -> float:
        """Seconds left to wait. Raises WaitTimeoutError when there are none."""
        left = float("inf") if self._deadline is None else self._deadline - self.now()
        if left <= 0:
            raise WaitTimeoutError(
                f"The job {self.job.id} is {self.job.status} after {self.timeout_s:g} s; it goes on. "
                "Wait again, or cancel it."
            )
        return left

    def _tell(self, job: Job) -> None:
        self.job = job
        if job != self._reported:
            self._reported = job
            if self.on_progress is not None:
                self.on_progress(job)
