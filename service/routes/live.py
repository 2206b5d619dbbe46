"""GET /live: sliders in, pictures out, over a WebSocket."""

import logging
import time

from fastapi import APIRouter
from starlette.responses import Response
from starlette.websockets import WebSocket

from service.backend import Backend
from service.errors import LiveIdleError, UpgradeRequiredError
from service.keys.tenant import KeyScope, Tenant
from service.live.messages import Ready
from service.live.metrics import LiveMetrics
from service.live.session import LiveSession
from service.openapi import problems
from service.sockets import RESTART, serve

log = logging.getLogger(__name__)

router = APIRouter(tags=["editing"])

_TOO_SLOW = 1008


@router.get("/live", response_class=Response, status_code=426, responses=problems(426))
def explain_live() -> None:
    """A WebSocket: send wishes (a photo's `source_id` and sliders), get small pictures back, always of the newest wish.

    docs/live.md describes its messages.
    """
    raise UpgradeRequiredError("This is a WebSocket; connect to it with ws:// or wss://.")


@router.websocket("/live")
async def serve_live(websocket: WebSocket) -> None:
    """Admit a connection, serve it, and say why it ends."""
    await serve(websocket, _serve, KeyScope.EDIT)


async def _serve(websocket: WebSocket, backend: Backend, tenant: Tenant) -> None:
    settings = backend.settings
    ready = Ready(wishes_per_s=settings.live_wishes_per_s, idle_s=settings.live_idle_s)
    await websocket.send_text(ready.model_dump_json())
    metrics: LiveMetrics = websocket.state.live_metrics
    session, began = LiveSession(websocket, backend, tenant, metrics), time.perf_counter()
    end = "fault"
    try:
        end = await session.run()
    finally:
        metrics.count_end(end)
        seconds = round(time.perf_counter() - began, 1)
        fields = {"end": end, "seconds": seconds, "wishes": session.wishes, "pictures": session.pictures}
        log.info("live connection ended", extra={"fields": fields})
    if end == "idle":
        raise LiveIdleError(f"There was no wish for {settings.live_idle_s:g} s; connect again with the next one.")
    if end != "client":
        await websocket.close(RESTART if end == "restart" else _TOO_SLOW, end)
