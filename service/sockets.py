"""What all WebSockets have in common: who may open one, whose it is, and how its end is explained."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from service.audited import entry_of
from service.backend import Backend
from service.errors import KeyMissingError, OriginRejectedError
from service.keys.directory import Caller
from service.keys.tenant import KeyScope, Tenant
from service.live.messages import Authorize, LiveProblem, read_message
from service.live_limits import is_from_here
from service.problems import REDIS_ERRORS, problem_response, store_error
from service.security import caller_of_key, check_scope, client_of, count_request, signer_of
from service.signed_urls import is_signed
from workers.contract.errors import ServiceError
from workers.contract.invalid_request import problem_of
from workers.contract.logs import log_context

RESTART = 1012  # of the registry of close codes
PRIVATE = 4000
"""Beyond it codes are free: 4000 and the status of the problem that was sent before."""

_OPENED = 101  # the status of an answer that switches protocols
_AUTHORIZE_WITHIN_S = 10.0
_KEY_MISSING = 'Send {"type": "authorize", "key": KEY} as the first message, or the header `Authorization: Bearer KEY`.'

Handler = Callable[[WebSocket, Backend, Tenant], Awaitable[None]]
"""Serves an accepted connection of a tenant; what it raises is explained to the client."""


async def serve(websocket: WebSocket, handler: Handler, scope: KeyScope) -> None:
    """Admit a connection of a caller that has the scope, and have it served.

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
            await _admitted(websocket, backend, handler, scope)
        except ServiceError as error:
            await _refuse(websocket, error)
        except REDIS_ERRORS as error:
            await _refuse(websocket, store_error(error))


async def _admitted(websocket: WebSocket, backend: Backend, handler: Handler, scope: KeyScope) -> None:
    caller = await _caller(websocket, backend)
    check_scope(caller, scope)
    client = client_of(websocket, caller.tenant, backend)
    with (
        log_context(tenant=caller.tenant.name, key_id=caller.key_id),
        backend.streams.count_stream(),
        backend.sockets.count(client),
    ):
        await run_in_threadpool(count_request, websocket, caller.tenant, backend)
        opened = entry_of(caller, websocket.scope["route"].name, _OPENED, websocket.path_params.get("job_id"))
        await run_in_threadpool(backend.audit.write, opened)
        await handler(websocket, backend, caller.tenant)


async def _caller(websocket: WebSocket, backend: Backend) -> Caller:
    """Whose connection it is, by its header, its signed address or its first message."""
    if not backend.tenants.required:
        return backend.tenants.everybody()
    scheme, _, key = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        if is_signed(websocket.url.query):
            return await run_in_threadpool(signer_of, websocket, backend)
        key = await _first_key(websocket)
    return await run_in_threadpool(caller_of_key, backend, key.strip())


async def _first_key(websocket: WebSocket) -> str:
    try:
        async with asyncio.timeout(_AUTHORIZE_WITHIN_S):
            message = read_message(await websocket.receive_text())
    except (TimeoutError, KeyError):  # nothing came, or bytes
        raise KeyMissingError(_KEY_MISSING) from None
    if not isinstance(message, Authorize) or not message.key:
        raise KeyMissingError(_KEY_MISSING)
    return message.key


async def _refuse(websocket: WebSocket, error: ServiceError) -> None:
    problem = problem_of(error, websocket.url.path)
    await websocket.send_text(LiveProblem(seq=None, problem=problem).text())
    await websocket.close(PRIVATE + error.status, error.code)
