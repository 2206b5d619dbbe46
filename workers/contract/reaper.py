"""Finds what dead workers left behind: runs in every worker and in the API, as often as anyone likes."""

import logging
import threading

import redis

from workers.contract.batches import BatchStore
from workers.contract.blobs import BlobStore
from workers.contract.errors import QueueTimeoutError, SupersededError, UnknownJobError, WorkerLostError
from workers.contract.jobs import JobRecord, JobStatus, Problem
from workers.contract.presence import Presence
from workers.contract.queue import JobQueue
from workers.contract.settings import Settings
from workers.contract.store import JobStore

log = logging.getLogger(__name__)

_MAX_LOSSES = 2  # the first run and one retry


class Reaper:
    """Looks after the jobs and blobs that nobody else looks after.

    Several reapers may look at the same job: the store lets one of them act. A job is touched only after two looks in
    a row found it abandoned, so that a Redis that was away for a moment, or a job between queue and worker, raises no
    alarm.
    """

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        batches: BatchStore,
        presence: Presence,
        blobs: BlobStore,
        settings: Settings,
    ) -> None:
        self._batches = batches
        self._store, self._queue, self._presence, self._blobs = store, queue, presence, blobs
        self._settings = settings
        self._suspects: set[tuple[str, int, JobStatus]] = set()

    def run(self, stop: threading.Event) -> None:
        """Sweep until `stop` is set; errors are logged and the next round tries again."""
        while not stop.wait(self._settings.sweep_s):
            try:
                self.sweep()
            except (redis.RedisError, OSError) as error:
                self._suspects.clear()
                log.warning("sweep failed, will try again: %s", error)

    def sweep(self) -> None:
        """One look at all active jobs and expired blobs."""
        in_line = self._queue.entries()
        suspects = set()
        for job_id in self._store.active():
            try:
                record = self._store.get(job_id)
                suspect = (job_id, record.attempt, record.job.status)
                if self._overdue(record) or not self._abandoned(record, in_line):
                    continue
                if suspect in self._suspects:
                    self._rescue(record)
                else:
                    suspects.add(suspect)
            except UnknownJobError:
                self._store.forget(job_id)
            except SupersededError:
                pass  # another reaper or the worker itself was faster
        self._suspects = suspects
        self._batches.feed_all()
        self._blobs.sweep()
        if unknown := self._blobs.sweep_unknown(self._settings.unknown_blob_ttl_s):
            log.warning("%d stored files are unknown to Redis and will be deleted", unknown)

    def _overdue(self, record: JobRecord) -> bool:
        if record.job.status is not JobStatus.QUEUED:
            return False
        if self._store.waited_s(record) < self._settings.queue_timeout_s:
            return False
        error = QueueTimeoutError("No worker became free in time; try again later.")
        self._queue.remove(record)
        self._store.fail(record.job.id, record.attempt, Problem.of(error, f"/jobs/{record.job.id}"), {})
        return True

    def _abandoned(self, record: JobRecord, in_line: set[tuple[str, int]]) -> bool:
        if record.job.status is JobStatus.RUNNING:
            worker = self._presence.get(record.worker) if record.worker else None
            return worker is None or worker.job_id != record.job.id
        waits = record.job.status is JobStatus.QUEUED
        return waits and ((record.job.id, record.attempt) not in in_line or self._stranded(record))

    def _stranded(self, record: JobRecord) -> bool:
        """Whether it was drawn for a canary of which no worker is left."""
        if record.lane is None or record.request.bundle is not None:
            return False
        return not any(worker.has(record.lane) for worker in self._presence.workers())

    def _rescue(self, record: JobRecord) -> None:
        job_id = record.job.id
        if record.job.status is JobStatus.QUEUED and self._stranded(record):
            self._queue.remove(record)
            self._queue.enqueue(self._store.leave_lane(job_id, record.attempt))
            log.warning("job %s waited for a bundle that no worker has any more, and is for any now", job_id)
        elif record.job.status is JobStatus.QUEUED:
            # Its worker died between taking it from the queue and claiming it, or the API before it was enqueued.
            log.warning("job %s was in no queue, enqueued again", job_id)
            self._queue.enqueue(record)
        elif record.cancel_requested:
            self._store.end_cancelled(job_id, record.attempt, record.job.metrics)
        elif record.losses + 1 < _MAX_LOSSES:
            self._queue.enqueue(self._store.requeue(job_id, record.attempt, lost=True))
            log.warning("worker %s died with job %s, which was enqueued again", record.worker, job_id)
        else:
            error = WorkerLostError("Two workers died with this job; send it again, perhaps with a smaller picture.")
            self._store.fail(job_id, record.attempt, Problem.of(error, f"/jobs/{job_id}"), {})
            log.error("worker %s died with job %s, which had been retried", record.worker, job_id)
