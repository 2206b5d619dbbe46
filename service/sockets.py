"""What all WebSockets have in common: who may open one, whose it is, and how its end is explained."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from service.backend import Backend
from service.errors import KeyMissingError, OriginRejectedError
from service.live.messages import Authorize, LiveProblem, read_message
from service.live_limits import is_from_here
from service.problems import REDIS_ERRORS, problem_of, problem_response, store_error
from service.security import client_of, count_request, owner_of_key, signer_of
from service.signed_urls import is_signed
from workers.contract.errors import ServiceError
from workers.contract.owners import ANONYMOUS

RESTART = 1012  # of the registry of close codes
PRIVATE = 4000
"""Beyond it codes are free: 4000 and the status of the problem that was sent before."""

_AUTHORIZE_WITHIN_S = 10.0
_KEY_MISSING = 'Send {"type": "authorize", "key": KEY} as the first message, or the header `Authorization: Bearer KEY`.'

Handler = Callable[[WebSocket, Backend, str], Awaitable[None]]
"""Serves an accepted connection of an owner; what it raises is explained to the client."""


async def serve(websocket: WebSocket, handler: Handler) -> None:
    """Admit a connection and have it served.

    Pages of foreign origins are refused; all others are accepted first, since browsers tell a page nothing about a
    refused one.
    """
    backend: Backend = websocket.state.backend
    if not is_from_here(websocket.headers, backend.settings.cors_origins):
        error = OriginRejectedError("Pages of this origin may not connect; name it in PORTRAIT_CORS_ORIGINS.")
        await websocket.send_denial_response(problem_response(websocket.url.path, error))
        return
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        try:
            await _admitted(websocket, backend, handler)
        except ServiceError as error:
            await _refuse(websocket, error)
        except REDIS_ERRORS as error:
            await _refuse(websocket, store_error(error))


async def _admitted(websocket: WebSocket, backend: Backend, handler: Handler) -> None:
    owner = await _owner(websocket, backend)
    client = client_of(websocket, owner, backend)
    with backend.streams.count_stream(), backend.sockets.count(client):
        await run_in_threadpool(count_request, backend, client)
        await handler(websocket, backend, owner)


async def _owner(websocket: WebSocket, backend: Backend) -> str:
    """Whose connection it is, by its header, its signed address or its first message."""
    if not backend.settings.api_keys:
        return ANONYMOUS
    scheme, _, key = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        if is_signed(websocket.url.query):
            return signer_of(websocket, backend)
        key = await _first_key(websocket)
    return owner_of_key(backend, key.strip())


async def _first_key(websocket: WebSocket) -> str:
    try:
        async with asyncio.timeout(_AUTHORIZE_WITHIN_S):
            message = read_message(await websocket.receive_text())
    except (TimeoutError, KeyError):  # nothing came, or bytes
        raise KeyMissingError(_KEY_MISSING) from None
    if not isinstance(message, Authorize):
        raise KeyMissingError(_KEY_MISSING)
    return message.key


async def _refuse(websocket: WebSocket, error: ServiceError) -> None:
    problem = problem_of(error, websocket.url.path)
    await websocket.send_text(LiveProblem(seq=None, problem=problem).text())
    await websocket.close(PRIVATE + error.status, error.code)
