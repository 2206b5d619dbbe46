"""What Prometheus reads at GET /metrics: HTTP traffic of this process, queue and workers as Redis knows them."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from service.backend import Backend
from service.problems import REDIS_ERRORS
from workers.contract.presence import WorkerState, bundles_in_use, queue_workers

# Jobs that were taken back stand first, but have not waited as long as those behind them.
_FIRST = 10
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMetrics:
    """Counts and durations of the requests that this process answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "portrait_http_request_seconds",
            "Seconds from a request's arrival to the last byte of its answer.",
            ("method", "route"),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=registry,
        )
        self._requests = Counter(
            "portrait_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )

    def observe(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """Record one answered request; `route` is the template, such as /jobs/{job_id}."""
        method = method if method in METHODS else "other"  # clients may send any word
        self._seconds.labels(method, route).observe(seconds)
        self._requests.labels(method, route, status).inc()


class BackendCollector(Collector):
    """Reads queue and workers from Redis whenever it is scraped."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Gauges; without Redis only those of this process and the one that says so."""
        yield from self._connections()
        up = GaugeMetricFamily("portrait_redis_up", "1 while Redis answers.")
        try:
            waiting = self._waiting() + self._batches()
            workers = self._backend.presence.workers()
        except REDIS_ERRORS:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from waiting
        alive = GaugeMetricFamily("portrait_workers", "Live workers by state.", labels=["state"])
        states = Tally(worker.state for worker in workers)
        for state in WorkerState:
            alive.add_metric([state], states[state])
        yield alive
        takers = GaugeMetricFamily(
            "portrait_queue_workers", "Live workers by the queue that they take jobs from.", labels=["queue"]
        )
        for queue, count in queue_workers(workers).items():
            takers.add_metric([queue], count)
        yield takers
        loaded = GaugeMetricFamily(
            "portrait_bundle_workers",
            "Live workers by the bundle that they have loaded; a canary gets a set fraction of the requests.",
            labels=["name", "version", "digest", "canary"],
        )
        for canary in (False, True):
            for bundle in bundles_in_use(worker for worker in workers if (worker.traffic is not None) == canary):
                loaded.add_metric([bundle.name, bundle.version, bundle.digest, str(canary).lower()], bundle.workers)
        yield loaded

    def _connections(self) -> Iterable[GaugeMetricFamily]:
        streams, sockets = self._backend.streams, self._backend.sockets
        yield GaugeMetricFamily(
            "portrait_streams_open",
            "Answers that follow a job: event streams and WebSockets, live ones too.",
            streams.open,
        )
        yield GaugeMetricFamily("portrait_sockets_open", "WebSockets that are open.", sockets.open)

    def _batches(self) -> list[GaugeMetricFamily]:
        load = self._backend.batches.load()
        unfinished = GaugeMetricFamily("portrait_batches", "Batches that have not ended.", load.batches)
        edits = GaugeMetricFamily(
            "portrait_batch_edits",
            "Edits of batches: held back so that others get their turn, or under way (in the queue or running).",
            labels=["state"],
        )
        edits.add_metric(["held"], load.held)
        edits.add_metric(["under_way"], load.under_way)
        return [unfinished, edits]

    def _waiting(self) -> list[GaugeMetricFamily]:
        queue, jobs = self._backend.queue, self._backend.jobs
        lengths = GaugeMetricFamily("portrait_jobs_waiting", "Jobs that wait, by queue.", labels=["queue"])
        for name, length in queue.lengths().items():
            lengths.add_metric([name], length)
        oldest = GaugeMetricFamily(
            "portrait_queue_oldest_seconds",
            "Seconds that the first job of a queue has waited; 0 where none waits.",
            labels=["queue"],
        )
        for name, job_ids in queue.first(_FIRST).items():
            oldest.add_metric([name], jobs.longest_wait(job_ids))
        return [lengths, oldest]
