"""Prometheus metrics of jobs, counted once by whichever process moved the job: a worker, the API or a reaper.

They are in prometheus_client's default registry, which both the API and the workers serve.
"""

from prometheus_client import Counter, Histogram

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)

_ENDED = Counter("portrait_jobs_ended", "Jobs that ended; `code` is that of a failure.", ["kind", "status", "code"])
_SINCE_CREATED = Histogram(
    "portrait_job_seconds",
    "Seconds from a job's acceptance to its end, waiting and retries included.",
    ["kind", "status"],
    buckets=_SECONDS,
)
_WAITED = Histogram(
    "portrait_job_wait_seconds",
    "Seconds a job waited until a worker took it.",
    ["queue"],
    buckets=_SECONDS,
)
_REQUEUED = Counter(
    "portrait_jobs_requeued", "Jobs that went back to their queue: lost by a dead worker, or given back.", ["reason"]
)


def count_end(kind: str, status: str, code: str, seconds: float) -> None:
    """Count a job's end, with the code of the problem that it failed with, or none."""
    _ENDED.labels(kind, status, code).inc()
    _SINCE_CREATED.labels(kind, status).observe(seconds)


def count_wait(queue: str, seconds: float) -> None:
    """Count a job that a worker has taken."""
    _WAITED.labels(queue).observe(seconds)


def count_requeue(*, lost: bool) -> None:
    """Count a job that waits again."""
    _REQUEUED.labels("lost" if lost else "given_back").inc()
