"""Runs one job at a time in this process: from claim to a final state, whatever happens in between."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TypeVar

import redis

from workers import metrics
from workers.attempt import Attempt, Deadline, GivenBack, JobCancelled
from workers.contract.batches import BatchStore
from workers.contract.blobs import RESULTS, BlobStore
from workers.contract.bundle import BundleIdentity
from workers.contract.code_version import code_version
from workers.contract.connection import cannot_write, is_failing_over
from workers.contract.errors import ServiceError, StorageFullError, SupersededError, UnknownJobError, is_full
from workers.contract.jobs import JobRecord, JobStatus, Problem, Progress, Result
from workers.contract.logs import log_context
from workers.contract.presence import WorkerState
from workers.contract.previews import Previews
from workers.contract.queue import JobQueue
from workers.contract.settings import Settings
from workers.contract.store import JobStore
from workers.contract.tracing import Span, begin, span
from workers.contract.waits import Waits
from workers.heartbeat import Heartbeat
from workers.job_folder import job_folder
from workers.output_file import OutputFile

log = logging.getLogger(__name__)

JobTask = Callable[[Attempt, Path], list[OutputFile]]
"""Does one kind of job: reads the attempt's request, leaves its files in the given folder."""

T = TypeVar("T")

CURRENT: ContextVar["Runner"] = ContextVar("runner")
"""The runner of the worker that is executing an RQ job, for `workers.tasks.run`."""

# A result or an end that could not be written down would cost a whole rendering, so Redis gets this long to come back.
_RETRY_FOR_S = 60.0


class OutOfMemoryError(ServiceError):
    """The job needed more memory than the worker has."""

    code, status, title = "out_of_memory", 503, "Out of memory"


class Runner:
    """Carries out jobs with tasks that hold the warm models.

    Args:
        name: the worker's name.
        bundle: what the tasks render with; every job that runs names it.
        tasks: the task of every kind of job.
        heartbeat: announces what the worker is busy with.
        deadline: started when the worker is to stop.
    """

    def __init__(
        self,
        *,
        name: str,
        bundle: BundleIdentity,
        tasks: Mapping[str, JobTask],
        store: JobStore,
        queue: JobQueue,
        blobs: BlobStore,
        previews: Previews,
        batches: BatchStore,
        waits: Waits,
        heartbeat: Heartbeat,
        deadline: Deadline,
        settings: Settings,
    ) -> None:
        self._name, self._bundle, self._tasks = name, bundle, tasks
        self._store, self._queue, self._blobs, self._previews = store, queue, blobs, previews
        self._waits, self._batches = waits, batches
        self._heartbeat, self._deadline, self._settings = heartbeat, deadline, settings

    def run(self, job_id: str, number: int) -> None:
        """Run attempt `number` at a job, unless it is no longer there to be run; never raises for what a job does."""
        try:
            record = self._store.claim(job_id, number, self._name, self._bundle, code_version(self._settings.build))
        except (SupersededError, UnknownJobError) as reason:
            log.info("job %s skipped: %s", job_id, reason)
            return
        with (
            log_context(job_id=job_id, tenant=record.owner, request_id=record.origin.request_id),
            span(f"job {record.job.kind}", traceparent=record.origin.traceparent, kind="consumer") as trace,
        ):
            trace.describe(job_id=job_id, attempt=number, worker=self._name)
            begin("wait", record.queued_at).end()
            self._run(record, trace)

    def _run(self, record: JobRecord, trace: Span) -> None:
        job_id, number = record.job.id, record.attempt
        timeout_s = self._settings.timeout_of(long=record.request.long)
        self._heartbeat.set(WorkerState.BUSY, job_id=job_id, attempt=number, timeout_s=timeout_s)
        labelled = self._settings.force_label
        attempt = Attempt(record, self._store, timeout_s, self._deadline.passed, force_label=labelled)
        began = time.perf_counter()
        try:
            status = self._outcome(attempt)
        except (SupersededError, UnknownJobError) as reason:
            log.warning("job %s was taken away: %s", job_id, reason)
            attempt.take_back()
        else:
            if status is not JobStatus.SUCCEEDED:
                attempt.take_back()
            metrics.count(record, status, attempt.metrics, attempt.progress.done)
            seconds = time.perf_counter() - began
            fields = {"kind": record.job.kind, "status": status, "seconds": round(seconds, 3), **attempt.metrics}
            log.info("job %s %s after %.3f s", job_id, status, seconds, extra={"fields": fields})
            trace.describe(status=status, **attempt.metrics)
            if status is JobStatus.FAILED:
                trace.fail(status)
            self._note(record, status, seconds)
        finally:
            attempt.end()
            self._heartbeat.set(WorkerState.READY)

    def _note(self, record: JobRecord, status: JobStatus, seconds: float) -> None:
        """Tell those whom a job's end concerns; a reaper feeds the batch too, if this fails."""
        try:
            if status is JobStatus.SUCCEEDED:
                self._waits.note(record, seconds)
            if record.job.batch is not None:
                self._batches.feed(record.job.batch)
        except redis.RedisError as error:
            log.info("the end of a job was not noted: %s", error)

    def _outcome(self, attempt: Attempt) -> JobStatus:
        """Run the task and write down how it ended.

        Raises SupersededError when that is no longer wanted, UnknownJobError when the job was erased.
        """
        job_id, number = attempt.record.job.id, attempt.record.attempt
        try:
            self._complete(attempt)
        except (SupersededError, UnknownJobError):
            raise
        except JobCancelled:
            self._with_retries(lambda: self._store.end_cancelled(job_id, number, attempt.metrics))
            return JobStatus.CANCELLED
        except (GivenBack, redis.ConnectionError, redis.TimeoutError):
            # The worker is stopping, or Redis went away where that could not be waited out: the job is not to blame.
            return self._give_back(attempt)
        except Exception as error:  # noqa: BLE001 - whatever a job does, the worker and its warm models live on
            if cannot_write(error) or is_failing_over(error):
                return self._give_back(attempt)
            problem = Problem.of(explain(error, job_id), instance=f"/jobs/{job_id}")
            self._with_retries(lambda: self._store.fail(job_id, number, problem, attempt.metrics, attempt.warnings))
            return JobStatus.FAILED
        return JobStatus.SUCCEEDED

    def _give_back(self, attempt: Attempt) -> JobStatus:
        job_id, number = attempt.record.job.id, attempt.record.attempt
        self._queue.enqueue(self._with_retries(lambda: self._store.requeue(job_id, number, lost=False)))
        return JobStatus.QUEUED

    def _complete(self, attempt: Attempt) -> None:
        record = attempt.record
        with job_folder() as folder:
            files = self._tasks[record.job.kind](attempt, folder)
            results = self._keep(attempt, files)
        done = Progress(done=attempt.progress.total, total=attempt.progress.total, stage="done")
        try:
            wanted = self._with_retries(
                lambda: self._store.succeed(
                    record.job.id, record.attempt, results, attempt.metrics, done, attempt.warnings, record.retention_s
                )
            )
        except (SupersededError, UnknownJobError):
            self._drop(record, results)
            raise
        if not wanted:
            self._drop(record, results)
            raise JobCancelled

    def _drop(self, record: JobRecord, results: Iterable[str]) -> None:
        delete = self._previews.drop if record.request.fleeting else self._blobs.delete
        for key in results:
            try:
                delete(key)
            except (redis.RedisError, OSError) as error:
                log.warning("a result that nobody gets stays until it expires: %s", error)

    def _keep(self, attempt: Attempt, files: list[OutputFile]) -> dict[str, Result]:
        """Move files to where the API finds them. Keys hold the attempt: one that was taken away overwrites nothing."""
        record = attempt.record
        results = {}
        for index, output in enumerate(files):
            key = f"{RESULTS}/{record.owner}/{record.job.id}-{record.attempt}-{index}{output.path.suffix}"
            with attempt.timed("store_s"):
                if record.request.fleeting:
                    self._with_retries(partial(self._previews.put, key, output.path.read_bytes()))
                else:
                    life = record.retention_s or self._settings.result_ttl_s
                    self._with_retries(partial(self._put, key, output.path, life, attempt.check))
            results[key] = output.result(_url(record, index, len(files)))
        return results

    def _put(self, key: str, path: Path, life_s: float, check: Callable[[], None]) -> None:
        with path.open("rb") as file:
            self._blobs.put(key, file, life_s, check)

    def _with_retries(self, write: Callable[[], T]) -> T:
        deadline = time.monotonic() + _RETRY_FOR_S
        while True:
            try:
                return write()
            except redis.RedisError as error:
                # A worker that is to stop does not wait for a Redis that stops as well.
                if time.monotonic() > deadline or self._deadline.passed():
                    raise
                log.warning("Redis is away, will write again: %s", error)
                time.sleep(0.5)


def _url(record: JobRecord, index: int, count: int) -> str:
    url = f"/jobs/{record.job.id}/result"
    return url if count == 1 else f"{url}?index={index}"


def explain(error: Exception, job_id: str) -> ServiceError:
    """The error that a job ends with, whatever its task has raised."""
    if isinstance(error, ServiceError):
        return error
    # torch's OutOfMemoryError is a RuntimeError of that name; this module does not know torch.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return OutOfMemoryError("The worker ran out of memory; send a smaller picture or ask for a smaller size.")
    if is_full(error):
        return StorageFullError("The worker has no disk space left; try again later.")
    log.error("job %s failed unexpectedly", job_id, exc_info=error)
    return ServiceError(f"This is a fault of the service, not of the request; report it with the job's id {job_id}.")
