"""Cancelling a job for good: its record, and its place in the queue."""

from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.queue import JobQueue
from workers.contract.store import JobStore


def cancel_job(store: JobStore, queue: JobQueue, job_id: str) -> JobRecord:
    """Cancel a job; a running one stops within one batch of frames, and one that has ended stays as it is.

    Returns it as it is now. Raises UnknownJobError when there is none.
    """
    record = store.cancel(job_id)
    if record.job.status is JobStatus.CANCELLED and not record.held:  # who is held is in no queue
        queue.remove(record)
    return record
