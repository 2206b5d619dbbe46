"""Prometheus metrics of a worker: what it did, for whom, and what it keeps in memory."""

import sys
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from workers.contract.jobs import JobRecord, JobStatus

_JOBS = Counter(
    "portrait_worker_jobs", "Attempts this worker has ended, by kind and the status they left.", ["kind", "status"]
)
_TENANTS = Counter(
    "portrait_worker_tenant_jobs",
    "Attempts this worker has ended, by whose they were; of many tenants, those seen late are `other`.",
    ["tenant", "status"],
)
_FRAMES = Counter("portrait_worker_frames", "Frames of jobs that succeeded.", ["kind"])
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
_SOURCE_BYTES = Gauge(
    "portrait_worker_source_cache_bytes",
    "Memory of the photos that the worker keeps, and of what drawing them has prepared.",
)

_PREPARED = Counter(
    "portrait_worker_prepared_photo_lookups",
    "Times that a photo which the worker keeps was to be drawn, by whether that had been prepared before.",
    ["result"],
)
_PREPARED_BYTES = Gauge("portrait_worker_prepared_photo_bytes", "Memory of what drawing the kept photos has prepared.")

MAX_TENANTS = 100
_tenants: set[str] = set()


def count(record: JobRecord, status: JobStatus, stages: Mapping[str, float], frames: int) -> None:
    """Count an ended attempt, the seconds of its stages, {"decode_s": …}, and the frames that it made."""
    kind = record.job.kind
    _JOBS.labels(kind, status).inc()
    _TENANTS.labels(_bounded(record.owner), status).inc()
    if status is JobStatus.SUCCEEDED:
        _FRAMES.labels(kind).inc(frames)
    for metric, seconds in stages.items():
        if not metric.endswith("_s"):
            continue  # a count of something, for the job's own reader
        _STAGES.labels(kind, metric.removesuffix("_s")).observe(seconds)


def count_source_lookup(*, found: bool) -> None:
    """Count a photo that was requested, as a hit of the cache or a miss."""
    _SOURCES.labels("hit" if found else "miss").inc()


def count_prepared_lookup(found: bool) -> None:
    """Count a kept photo that was to be drawn, as a hit where that had been prepared, or a miss."""
    _PREPARED.labels("hit" if found else "miss").inc()


def watch_source_bytes(size: Callable[[], int], prepared: Callable[[], int]) -> None:
    """Ask how many bytes are kept whenever the metrics are read: photos grow while they are drawn.

    Args:
        size: of the photos with what drawing them has prepared. prepared: of that alone.
    """
    _SOURCE_BYTES.set_function(size)
    _PREPARED_BYTES.set_function(prepared)


class GpuCollector(Collector):
    """Asks for the GPU's memory whenever it is scraped."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Nothing where no GPU is in use."""
        if "torch" not in sys.modules:  # whose import takes seconds
            return
        from models.renderer.memory import gpu_memory

        memory = GaugeMetricFamily(
            "portrait_worker_gpu_memory_bytes",
            "Memory of the worker's GPU: used by all processes, reserved by this one, total.",
            labels=["what"],
        )
        for what, size in gpu_memory().items():
            memory.add_metric([what], size)
        if memory.samples:
            yield memory


def serve(port: int | None) -> None:
    """Serve the metrics over HTTP on `port`; None: do not."""
    if port is not None:
        REGISTRY.register(GpuCollector())
        start_http_server(port)


def _bounded(tenant: str) -> str:
    """Every label costs a time series, and a service may get any number of tenants."""
    if len(_tenants) < MAX_TENANTS:
        _tenants.add(tenant)
    return tenant if tenant in _tenants else "other"
