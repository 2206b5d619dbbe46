"""The three middlewares around an application that needs no backend."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from service.access import AccessMiddleware
from service.body_limit import FORM_BYTES, BodyLimitMiddleware, Pace
from service.metrics import HttpMetrics
from service.request_id import HEADER
from workers.contract.logs import JsonFormatter

LIMIT = 1000
PACE = Pace(timeout_s=0.3, min_rate=1000)


async def echo_size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def fail(request: Request) -> PlainTextResponse:
    raise ZeroDivisionError


async def fail_late(request: Request) -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ZeroDivisionError

    return StreamingResponse(body())


ROUTES = [Route("/size", echo_size, methods=["POST"]), Route("/fail", fail), Route("/fail-late", fail_late)]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def application(registry: CollectorRegistry) -> Starlette:
    app = Starlette(routes=ROUTES)
    app.add_middleware(BodyLimitMiddleware, max_file_bytes=LIMIT, pace=PACE)
    app.add_middleware(AccessMiddleware, metrics=HttpMetrics(registry))
    return app


@pytest.fixture
def client(registry: CollectorRegistry) -> httpx.AsyncClient:
    app = application(registry)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def chunks(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 500):
        yield bytes(min(500, size - start))


@pytest.mark.parametrize("announced", [True, False], ids=["Content-Length", "chunked"])
async def test_bodies_up_to_the_limit_pass(client: httpx.AsyncClient, announced: bool) -> None:
    size = LIMIT + FORM_BYTES
    answer = await client.post("/size", content=bytes(size) if announced else chunks(size))
    assert (answer.status_code, answer.text) == (200, str(size))


@pytest.mark.parametrize("announced", [True, False], ids=["Content-Length", "chunked"])
async def test_bodies_over_the_limit_are_refused(client: httpx.AsyncClient, announced: bool) -> None:
    size = LIMIT + FORM_BYTES + 1
    answer = await client.post("/size", content=bytes(size) if announced else chunks(size))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"
    assert f"{LIMIT:,}" in answer.json()["detail"]


async def test_json_may_be_larger_by_what_base64_adds(client: httpx.AsyncClient) -> None:
    size = LIMIT * 4 // 3 + FORM_BYTES
    as_json = {"content-type": "application/json"}
    assert (await client.post("/size", content=bytes(size), headers=as_json)).status_code == 200
    assert (await client.post("/size", content=bytes(size + 1), headers=as_json)).status_code == 413


async def test_unforeseen_exceptions_are_problems_with_a_request_id(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.headers[HEADER] in answer.json()["detail"]
    assert "ZeroDivision" not in answer.text


async def test_an_answer_under_way_is_cut_off(client: httpx.AsyncClient) -> None:
    with pytest.raises(ZeroDivisionError):
        await client.get("/fail-late")


async def test_an_upload_broken_off_is_no_fault_of_ours(
    registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    app = application(registry)
    received = iter([{"type": "http.request", "body": b"abc", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/size", "query_string": b"", "headers": []}
    with caplog.at_level(logging.INFO, "service.access"):
        await app(scope, receive, send)
    assert sent == []
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert registry.get_sample_value(
        "portrait_http_requests_total", {"method": "POST", "route": "/size", "status": "499"}
    )


@pytest.mark.parametrize(("offered", "kept"), [("abc-1.2_3", True), ("a" * 65, False), ("x\ty", False), ("é", False)])
async def test_request_ids_are_kept_when_safe(client: httpx.AsyncClient, offered: str, kept: bool) -> None:
    answer = await client.post("/size", headers={HEADER: offered.encode()})
    assert (answer.headers[HEADER] == offered) is kept
    assert len(answer.headers[HEADER]) >= 5


async def test_one_log_line_and_one_measurement_a_request(
    client: httpx.AsyncClient, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service.access"):
        await client.post("/size", content=b"abc")
        await client.request("BREW", "/coffee")
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "service.access"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/size", 200),
        ("BREW", "/coffee", 404),
    ]
    counted = {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "portrait_http_requests_total"
    }
    assert counted[("other", "unmatched", "404")] == 1
    assert sum(counted.values()) == 2
