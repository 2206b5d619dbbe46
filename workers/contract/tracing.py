"""OpenTelemetry traces, from a request to the stages of its job: where an endpoint is set, and nowhere otherwise.

The packages are the extra `tracing`. OpenTelemetry's own OTEL_… variables say where spans go and how many are kept.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from workers.contract.errors import MissingPackageError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_tracer: "Tracer | None" = None


class Span:
    """A piece of work in a trace; without tracing it is nobody's."""

    def __init__(self, span: "OtelSpan | None" = None) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Name it when more is known than at its beginning."""
        if self._span is not None:
            self._span.update_name(name)

    def describe(self, **attributes: str | float) -> None:
        """Add attributes."""
        if self._span is not None:
            self._span.set_attributes(attributes)

    def fail(self, reason: str) -> None:
        """Say that the work failed."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, reason))

    def end(self) -> None:
        """The work is done."""
        if self._span is not None:
            self._span.end()


def configure_tracing(service: str, exporter: "SpanExporter | None" = None) -> None:
    """Trace this process if the environment names an endpoint.

    Args:
        service: name of the process; OTEL_SERVICE_NAME overrides it.
        exporter: takes the spans in place of the endpoint's.

    Raises:
        MissingPackageError: an endpoint is named, and the packages are not installed.
    """
    global _tracer
    if exporter is None and not any(os.environ.get(name) for name in ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise MissingPackageError(
            f"{ENDPOINTS[0]} asks for traces, and OpenTelemetry is not installed: "
            'pip install "pirenderer-service[tracing]", or unset the variable.'
        ) from None
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or service})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    _tracer = provider.get_tracer("portrait")


@contextmanager
def span(
    name: str, *, traceparent: str | None = None, kind: Literal["internal", "server", "consumer"] = "internal"
) -> Iterator[Span]:
    """Trace what is done inside, below `traceparent` (W3C Trace Context) or else below the span around it."""
    if _tracer is None:
        yield Span()
        return
    from opentelemetry.trace import SpanKind

    with _tracer.start_as_current_span(name, context=_context(traceparent), kind=SpanKind[kind.upper()]) as current:
        yield Span(current)


def begin(name: str, started_at: float | None = None) -> Span:
    """A span below the one around it, which lasts until its `end`; `started_at` in seconds since the epoch."""
    if _tracer is None:
        return Span()
    return Span(_tracer.start_span(name, start_time=int((started_at or time.time()) * 1e9)))


def current_traceparent() -> str | None:
    """The span around the caller, for another process to go on below it; None without tracing."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, Any] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def _context(traceparent: str | None) -> "Context | None":
    if traceparent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})
