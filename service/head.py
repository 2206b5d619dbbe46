"""HEAD for every route that answers GET (RFC 9110, section 9.3.2): the same status and headers, without the body."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = "portrait.head"


def is_head(scope: Scope) -> bool:
    """Whether a request that routes see as GET is HEAD."""
    return _HEAD in scope


class HeadMiddleware:
    """Answer HEAD as GET, and be a client that leaves where the body begins: files and events end there.

    FastAPI, unlike Starlette, gives its routes no HEAD; given there, it would stand in the OpenAPI document as an
    operation of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        answered = asyncio.Event()

        async def receive_until_answered() -> Message:
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                answered.set()

        # A copy: the server must go on knowing that it was HEAD. Under version 2.3, Starlette looks for who leaves.
        as_get = {**scope, "method": "GET", _HEAD: True, "asgi": {**scope["asgi"], "spec_version": "2.3"}}
        try:
            await self.app(as_get, receive_until_answered, send_headers)
        finally:
            if "route" in as_get:
                scope["route"] = as_get["route"]
        await send({"type": "http.response.body", "body": b""})
