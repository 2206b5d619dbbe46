"""One request id, one log line and one measurement for every request, and an answer for every unforeseen exception."""

import logging
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.audited import audit_request
from service.metrics import HttpMetrics
from service.problems import problem_response
from service.request_id import HEADER, choose_request_id
from service.security import ANSWER_HEADERS
from service.version import route_path
from workers.contract.errors import ServiceError
from workers.contract.logs import log_context
from workers.contract.text import cut
from workers.contract.tracing import Span, span

logger = logging.getLogger("service.access")

SERVER_FAULT = 500
CLIENT_GONE = 499  # no HTTP status: what nginx, and so everybody's dashboard, calls a request that was broken off


class AccessMiddleware:
    """Give the request its id, and write to the log and the metrics how it went.

    Unforeseen exceptions are answered here rather than by an exception handler: Starlette runs its handler for them
    outside of all middleware, where the answer would carry no request id.
    """

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = choose_request_id(headers.get(HEADER))
        with (
            log_context(request_id=request_id),
            span(scope["method"], traceparent=headers.get("traceparent"), kind="server") as trace,
        ):
            await self._answer(scope, receive, send, request_id, trace)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str, trace: Span) -> None:
        started = time.perf_counter()
        status, answered = 0, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = True
                await audit_request(scope, status)  # first: nobody learns of an action that the log does not have
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                headers.update(scope.get(ANSWER_HEADERS, {}))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:
            logger.exception("unforeseen exception")
            if status:  # the answer is under way and can only be cut off
                raise
            detail = f"Something went wrong on our side. Try again; if it stays, report request id {request_id}."
            await problem_response(scope["path"], ServiceError(detail))(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.observe(route=_route(scope), method=scope["method"], status=status, seconds=seconds)
            # Probes and scrapes come every few seconds and would drown the rest.
            level = logging.DEBUG if route_path(scope).startswith(("/health/", "/metrics")) else logging.INFO
            logger.log(level, "request", extra={"fields": _fields(scope, status, seconds)})
            if not answered:
                await audit_request(scope, status)
            trace.rename(f"{scope['method']} {_route(scope)}")
            trace.describe(request_id=request_id, status=status)
            if status >= SERVER_FAULT:
                trace.fail(f"status {status}")


def _route(scope: Scope) -> str:
    """The route's template, not the path: ids in paths would make a time series each."""
    return getattr(scope.get("route"), "path", "unmatched")


def _fields(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    client = scope.get("client")
    return {
        "method": scope["method"],
        "path": cut(scope["path"], 200),
        "status": status,
        "milliseconds": round(1000 * seconds, 1),
        "client": client[0] if client else None,
    }
