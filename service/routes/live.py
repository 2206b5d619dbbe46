"""GET /live: sliders in, pictures out, over a WebSocket."""

import asyncio
import logging
import time
from contextlib import suppress

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from service.backend import Backend
from service.errors import KeyMissingError, LiveIdleError, OriginRejectedError, UpgradeRequiredError
from service.live.messages import Authorize, LiveProblem, Ready, read_message
from service.live.session import LiveSession
from service.live_limits import is_from_here
from service.openapi import problems
from service.problems import REDIS_ERRORS, problem_of, problem_response, store_error
from service.security import client_of, count_request, owner_of_key
from workers.contract.errors import ServiceError
from workers.contract.owners import ANONYMOUS

log = logging.getLogger(__name__)

router = APIRouter(tags=["editing"])

AUTHORIZE_WITHIN_S = 10.0
RESTART, FAULT = 1012, 1011  # RFC 6455 and its registry
PRIVATE = 4000  # beyond it codes are free: 4000 and the status of the problem that was sent before

_KEY_MISSING = 'Send {"type": "authorize", "key": KEY} as the first message, or the header `Authorization: Bearer KEY`.'


@router.get("/live", response_class=Response, status_code=426, responses=problems(426))
def explain_live() -> None:
    """A WebSocket: send wishes (a photo's `source_id` and sliders), get small pictures back, always of the newest wish.

    docs/live.md describes its messages.
    """
    raise UpgradeRequiredError("This is a WebSocket; connect to it with ws:// or wss://.")


@router.websocket("/live")
async def serve_live(websocket: WebSocket) -> None:
    """Admit a connection, serve it, and say why it ends."""
    backend: Backend = websocket.state.backend
    if not is_from_here(websocket.headers, backend.settings.cors_origins):
        error = OriginRejectedError("Pages of this origin may not connect; name it in PORTRAIT_CORS_ORIGINS.")
        await websocket.send_denial_response(problem_response(websocket.url.path, error))
        return
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        try:
            await _serve(websocket, backend)
        except ServiceError as error:
            await _refuse(websocket, error)
        except REDIS_ERRORS as error:
            await _refuse(websocket, store_error(error))


async def _serve(websocket: WebSocket, backend: Backend) -> None:
    owner = await _owner(websocket, backend)
    client = client_of(websocket, owner, backend)
    with backend.streams.count_stream(), backend.sockets.count(client):
        await run_in_threadpool(count_request, backend, client)
        settings = backend.settings
        ready = Ready(wishes_per_s=settings.live_wishes_per_s, idle_s=settings.live_idle_s)
        await websocket.send_text(ready.model_dump_json())
        session, began = LiveSession(websocket, backend, owner), time.perf_counter()
        end = "fault"
        try:
            end = await session.run()
        finally:
            seconds = round(time.perf_counter() - began, 1)
            fields = {"end": end, "seconds": seconds, "wishes": session.wishes, "pictures": session.pictures}
            log.info("live connection ended", extra={"fields": fields})
    if end == "idle":
        raise LiveIdleError(f"There was no wish for {settings.live_idle_s:g} s; connect again with the next one.")
    if end != "client":
        await websocket.close(RESTART if end == "restart" else FAULT, end)


async def _owner(websocket: WebSocket, backend: Backend) -> str:
    """Whose connection it is, by its header or its first message."""
    if not backend.settings.api_keys:
        return ANONYMOUS
    scheme, _, key = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        key = await _first_key(websocket)
    return owner_of_key(backend, key.strip())


async def _first_key(websocket: WebSocket) -> str:
    try:
        async with asyncio.timeout(AUTHORIZE_WITHIN_S):
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
