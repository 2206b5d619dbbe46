"""Version 1 of the API under /v1; the same without a version is its alias.

There is one set of routes: the prefix becomes ASGI's `root_path`, which routing leaves out and links begin with.
"""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/v1"


class VersionMiddleware:
    """Answer requests under the prefix as without it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and route_path(scope).startswith(f"{PREFIX}/"):
            # Not in a copy: what stands outside of the routes reads it too.
            scope["root_path"] = scope.get("root_path", "") + PREFIX
        await self.app(scope, receive, send)


def route_path(scope: Scope) -> str:
    """The path that routes know."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def root_of(connection: HTTPConnection) -> str:
    """What paths in the answer begin with, so that a client stays with the prefix that it used."""
    root: str = connection.scope.get("root_path", "")
    return root


Root = Annotated[str, Depends(root_of)]
