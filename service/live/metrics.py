"""What Prometheus reads of live connections."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class LiveMetrics:
    """Counts wishes, pictures and ends of the live connections of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._wishes = Counter("portrait_live_wishes", "Wishes that were taken; most are overtaken.", registry=registry)
        self._seconds = Histogram(
            "portrait_live_preview_seconds",
            "Seconds from the arrival of a wish until its picture was there to be sent.",
            buckets=(0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self._problems = Counter(
            "portrait_live_problems", "Wishes that got no picture, by code.", ("code",), registry=registry
        )
        self._ended = Counter(
            "portrait_live_connections_ended",
            "Live connections that ended: by the client, idle, slow (took nothing), by a restart or a fault.",
            ("end",),
            registry=registry,
        )

    def count_wish(self) -> None:
        """A wish was taken."""
        self._wishes.inc()

    def observe_preview(self, seconds: float) -> None:
        """A picture was there so many seconds after its wish came."""
        self._seconds.observe(seconds)

    def count_problem(self, code: str) -> None:
        """A client was told why there is no picture."""
        self._problems.labels(code).inc()

    def count_end(self, end: str) -> None:
        """A connection ended."""
        self._ended.labels(end).inc()
