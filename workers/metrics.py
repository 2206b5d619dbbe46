"""Prometheus metrics of a worker."""

from collections.abc import Mapping

from prometheus_client import Counter, Histogram, start_http_server

from workers.contract.jobs import JobStatus

_JOBS = Counter(
    "portrait_worker_jobs", "Attempts this worker has ended, by kind and the status they left.", ["kind", "status"]
)
_STAGES = Histogram(
    "portrait_worker_stage_seconds",
    "Seconds a job spent in each stage, queueing included.",
    ["kind", "stage"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800),
)


def count(kind: str, status: JobStatus, stages: Mapping[str, float]) -> None:
    """Count an ended job and the seconds of its stages, {"decode_s": …}."""
    _JOBS.labels(kind, status).inc()
    for metric, seconds in stages.items():
        if not metric.endswith("_s"):
            continue  # a count of something, for the job's own reader
        _STAGES.labels(kind, metric.removesuffix("_s")).observe(seconds)


def serve(port: int | None) -> None:
    """Serve the metrics over HTTP on `port`; None: do not."""
    if port is not None:
        start_http_server(port)
