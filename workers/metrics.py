"""Prometheus metrics of a worker."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram, start_http_server

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

_SOURCES = Counter(
    "portrait_worker_source_cache_lookups",
    "Photos that jobs requested, by whether the worker had read them before.",
    ["result"],
)
_SOURCE_BYTES = Gauge("portrait_worker_source_cache_bytes", "Memory of the photos that the worker keeps.")


def count(kind: str, status: JobStatus, stages: Mapping[str, float]) -> None:
    """Count an ended job and the seconds of its stages, {"decode_s": …}."""
    _JOBS.labels(kind, status).inc()
    for metric, seconds in stages.items():
        if not metric.endswith("_s"):
            continue  # a count of something, for the job's own reader
        _STAGES.labels(kind, metric.removesuffix("_s")).observe(seconds)


def count_source_lookup(*, found: bool) -> None:
    """Count a photo that was requested, as a hit of the cache or a miss."""
    _SOURCES.labels("hit" if found else "miss").inc()


def set_source_bytes(size: int) -> None:
    """Say how many bytes of photos are kept."""
    _SOURCE_BYTES.set(size)


def serve(port: int | None) -> None:
    """Serve the metrics over HTTP on `port`; None: do not."""
    if port is not None:
        start_http_server(port)
