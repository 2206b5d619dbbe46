"""A service that answers as a test prepares it, and both clients of it, whose sleep is a list."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from client import AsyncPortraitClient, PortraitClient, Retries

JOB = {"id": "j1", "kind": "edit", "status": "queued", "progress": {"done": 0, "total": 4, "stage": "queued"}}
DONE = JOB | {"status": "succeeded", "result": {"url": "/jobs/j1/result", "media_type": "image/png"}}


@dataclass
class Script:
    """Answers in turn; an exception among them is raised. The requests are kept, as is every pause."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(request.read())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def handle_async(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.handle(request)

    @property
    def paths(self) -> list[str]:
        """Method and path of all requests."""
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]


def answer(body: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer, or bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})


def problem(code: str, status: int, detail: str = "Change it.", **headers: str) -> httpx.Response:
    """A problem document."""
    body = {"type": f"urn:problem-type:{code}", "title": code, "status": status, "detail": detail, "code": code}
    return answer(body, status, **headers)


class Blocking:
    """Calls a method of AsyncPortraitClient to its end, as if it were PortraitClient."""

    def __init__(self, client: AsyncPortraitClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return asyncio.run(getattr(self._client, name)(*args, **kwargs))

        return call


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture(params=["sync", "async"])
def portrait(request: pytest.FixtureRequest, script: Script) -> Iterator[PortraitClient | Blocking]:
    """Both clients, one after the other: all that they do is the same."""
    retries = Retries(most=3, first_s=0.5, longest_s=30, draw=lambda: 0.0)
    if request.param == "sync":
        with PortraitClient(
            "http://here/base",
            "key",
            retries=retries,
            transport=httpx.MockTransport(script.handle),
            sleep=script.pauses.append,
        ) as client:
            yield client
        return

    async def sleep(seconds: float) -> None:
        script.pauses.append(seconds)

    transport = httpx.MockTransport(script.handle_async)
    yield Blocking(AsyncPortraitClient("http://here/base", "key", retries=retries, transport=transport, sleep=sleep))


def public(kind: type) -> dict[str, inspect.Signature]:
    """The public methods of a client with their parameters."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}
