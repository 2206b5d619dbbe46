"""/jobs/{id}/events as a WebSocket: a job's life, for clients that have one open anyway."""

import asyncio
import json
from contextlib import aclosing

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from service.backend import Backend
from service.keys.tenant import KeyScope, Tenant
from service.links import Links
from service.routes.events import event_id
from service.sockets import RESTART, serve
from service.version import root_of

router = APIRouter()

_NORMAL = 1000


@router.websocket("/jobs/{job_id}/events")
async def socket_events(websocket: WebSocket, job_id: str) -> None:
    """A text message an event, as the stream has them: {"event": …, "id": …, "data": job}. Closed after `done`."""

    async def send_or_leave(websocket: WebSocket, backend: Backend, tenant: Tenant) -> None:
        await run_in_threadpool(backend.jobs.owned, job_id, tenant.name)
        sending = asyncio.create_task(_send_events(websocket, backend, job_id))
        leaving = asyncio.create_task(_client_leaves(websocket))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await websocket.close(_NORMAL if sending.result() else RESTART)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    await serve(websocket, send_or_leave, KeyScope.READ)


async def _send_events(websocket: WebSocket, backend: Backend, job_id: str) -> bool:
    """Send events until the job has ended. Returns False where this process ends before."""
    links, done = Links(root_of(websocket), backend.signer), False
    async with aclosing(backend.events.follow(job_id)) as changes:
        async for name, seen in changes:
            done = name == "done"
            event = {"event": name, "id": event_id(seen), "data": links.job(seen).body()}
            await websocket.send_text(json.dumps(event))
    return done


async def _client_leaves(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
