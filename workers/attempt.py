"""One attempt at a job: its clock, its progress, and the reasons to stop early."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import redis

from workers.contract.errors import JobTimeoutError
from workers.contract.jobs import JobRecord, Progress
from workers.contract.kinds import JobRequest
from workers.contract.tracing import Span, begin
from workers.contract.warnings import JobWarning

log = logging.getLogger(__name__)

_REPORT_EVERY_S = 0.1

T = TypeVar("T")


class JobCancelled(Exception):  # noqa: N818 - it is no error: the client wants it
    """The client cancelled the job."""


class GivenBack(Exception):  # noqa: N818 - it is no error: the operator wants it
    """The worker is stopping and has no time left to finish the job."""


class ProgressReports(Protocol):
    """What an attempt needs of the job store."""

    def waited_s(self, record: JobRecord, /) -> float:
        """Seconds since the job was put into the queue."""

    def report(self, job_id: str, attempt: int, progress: Progress, /) -> bool:
        """Take progress. Returns whether cancellation was requested; raises SupersededError."""


class Attempt:
    """What a task sees of its job: where to report progress and time spent.

    Args:
        record: the claimed job.
        store: where progress goes and cancellation comes from.
        timeout_s: seconds the attempt may take.
        must_give_back: says whether the worker is out of time to finish the job.
        force_label: whether every picture gets the visible label, whatever the request says.
    """

    def __init__(
        self,
        record: JobRecord,
        store: ProgressReports,
        timeout_s: float,
        must_give_back: Callable[[], bool],
        *,
        force_label: bool = False,
    ) -> None:
        self.force_label = force_label
        self.record = record
        self.metrics: dict[str, float] = {"queue_s": round(store.waited_s(record), 4)}
        self.warnings: list[JobWarning] = []
        self.progress = Progress(stage="starting")
        self._store = store
        self._started = time.monotonic()
        self._stage_started = self._started
        self._timeout_s = timeout_s
        self._must_give_back = must_give_back
        self._reported = 0.0
        self._reporting = threading.Lock()
        self._stage_span = Span()
        self._done: list[Callable[[], None]] = []

    @property
    def request(self) -> JobRequest:
        """What the client requested."""
        return self.record.request

    @property
    def owner(self) -> str:
        """Whose job it is, and so whose sources it may read."""
        return self.record.owner

    def warn(self, warnings: Iterable[JobWarning]) -> None:
        """Keep warnings for the client of what the result does not show well; each one once."""
        for warning in warnings:
            if warning not in self.warnings:
                self.warnings.append(warning)

    @contextmanager
    def timed(self, metric: str) -> Iterator[None]:
        """Add the time spent inside to a metric."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spend(metric, time.perf_counter() - began)

    @contextmanager
    def paused(self, metric: str) -> Iterator[None]:
        """Take the time spent inside off a metric that is being timed: its stage waits for another one."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spend(metric, began - time.perf_counter())

    def spend(self, metric: str, seconds: float) -> None:
        """Add seconds to a metric. Each metric belongs to one thread at a time."""
        self.metrics[metric] = round(self.metrics.get(metric, 0.0) + seconds, 6)

    def timed_steps(self, metric: str, steps: Iterable[T]) -> Iterator[T]:
        """Add the time that each step of an iterator takes to a metric."""
        iterator = iter(steps)
        while True:
            with self.timed(metric):
                step = next(iterator, None)
            if step is None:
                return
            yield step

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """Report what the attempt is doing and stop here if there is a reason to.

        Args:
            name: the stage.
            done, total: frames, where the stage counts them.

        Raises:
            JobCancelled, GivenBack, JobTimeoutError, SupersededError: do not go on.
        """
        now = time.monotonic()
        entered = name != self.progress.stage
        if entered or not done:
            self._stage_started = now
        fps = done / (now - self._stage_started) if done and now > self._stage_started else None
        self.progress = Progress(
            done=done,
            total=total,
            fps=None if fps is None else round(fps, 2),
            eta_s=None if fps is None else round((total - done) / fps, 2),
            stage=name,
        )
        if entered:
            self._reported = 0.0
            self._stage_span.end()
            self._stage_span = begin(name)
        self.check()

    def if_lost(self, take_back: Callable[[], None]) -> None:
        """Have something that the task has done beside its results taken back, if the job does not succeed."""
        self._done.append(take_back)

    def take_back(self) -> None:
        """The job has not succeeded with this attempt. Without Redis or the store, what was done stays."""
        for take_back in self._done:
            try:
                take_back()
            except (redis.RedisError, OSError) as error:
                log.warning("what job %s has done cannot be taken back: %s", self.record.job.id, error)

    def end(self) -> None:
        """The attempt is over, and so is its stage."""
        self._stage_span.end()
        self._stage_span = Span()

    def check(self) -> None:
        """Stop here if there is a reason to; for steps that have nothing to report. Any thread may call it.

        Raises:
            JobCancelled, GivenBack, JobTimeoutError, SupersededError: do not go on.
        """
        now = time.monotonic()
        if self._must_give_back():
            raise GivenBack
        if now - self._started > self._timeout_s:
            raise JobTimeoutError(
                f"The job was stopped after {self._timeout_s:g} s, at stage {self.progress.stage!r}; "
                "ask for fewer or smaller frames, or send a shorter video or speech."
            )
        with self._reporting:  # or another thread's report of an earlier stage might come last
            if now - self._reported >= _REPORT_EVERY_S:
                self._reported = now
                self._report()

    def _report(self) -> None:
        try:
            if self._store.report(self.record.job.id, self.record.attempt, self.progress):
                raise JobCancelled
        except redis.RedisError as error:
            # Redis may be back before the job is done; only its end must be written down.
            log.warning("progress of job %s not reported: %s", self.record.job.id, error)


class Deadline:
    """Set once, when the worker is to stop: how long the current job may still run."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at: float | None = None
        self.stopping = threading.Event()

    def start(self) -> None:
        """Start the clock; later calls change nothing."""
        if self._at is None:
            self._at = time.monotonic() + self._seconds
            self.stopping.set()

    def passed(self) -> bool:
        """Whether the time is up."""
        return self._at is not None and time.monotonic() > self._at
