"""What the routes work with: the workers' contract, opened once per process."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import redis
from fastapi import Depends, Request
from redis.asyncio import Redis as AsyncRedis

from service.audit import AuditLog
from service.keys.directory import TenantDirectory
from service.live_limits import SocketLimit
from service.rate_limit import RateLimit
from service.settings import ApiSettings
from service.signed_urls import UrlSigner
from service.streams import StreamLimit
from workers.contract.batches import BatchStore
from workers.contract.blobs import BlobStore
from workers.contract.connection import connect, connect_async
from workers.contract.erasure import Eraser
from workers.contract.events import JobEvents
from workers.contract.listing import JobListing
from workers.contract.motions import MotionLibrary
from workers.contract.presence import Presence
from workers.contract.queue import JobQueue
from workers.contract.reaper import Reaper
from workers.contract.routing import Router
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore
from workers.contract.waits import Waits

# A waiting client deserves its 503 at once; it can be more patient than we are.
REDIS_RETRIES = 2


@dataclass(frozen=True)
class Backend:
    """Handles of one API process; it holds no state of any request.

    Attributes:
        redis: blocking client, for threads.
        redis_async: the same for the event loop.
        signer: of addresses; None where no key is asked for, or no secret is set.
        events: for following jobs, on the event loop; stopped when the process is to end.
        streams: how many answers follow a job without end in sight.
        sockets: how many live connections every client has.
        tenants: who may call.
        rate: how often.
        audit: what they did.
    """

    settings: ApiSettings
    redis: "redis.Redis"
    redis_async: AsyncRedis
    signer: UrlSigner | None
    events: JobEvents
    streams: StreamLimit
    sockets: SocketLimit
    tenants: TenantDirectory
    rate: RateLimit
    audit: AuditLog
    jobs: JobStore
    batches: BatchStore
    queue: JobQueue
    blobs: BlobStore
    sources: SourceRegistry
    motions: MotionLibrary
    eraser: Eraser
    presence: Presence
    router: Router
    listing: JobListing
    waits: Waits


@asynccontextmanager
async def open_backend(settings: ApiSettings) -> AsyncIterator[Backend]:
    """Open everything the routes need, and look after lost jobs while it is open.

    Redis need not answer yet: requests get a 503 until it does.
    """
    client = connect(settings.redis_url, retries=REDIS_RETRIES)
    client_async = connect_async(settings.redis_url)
    blobs = BlobStore(settings.storage_url, client)
    sources = SourceRegistry(client, blobs, settings)
    jobs, queue, presence = JobStore(client, settings), JobQueue(client, settings), Presence(client)
    backend = Backend(
        settings=settings,
        redis=client,
        redis_async=client_async,
        signer=_signer(settings),
        events=JobEvents(client_async),
        streams=StreamLimit(settings.max_streams),
        sockets=SocketLimit(settings.max_live_sockets),
        tenants=TenantDirectory(settings, client),
        rate=RateLimit(client),
        audit=AuditLog(client, settings.audit_entries),
        jobs=jobs,
        batches=BatchStore(client, jobs, queue, presence, settings),
        queue=queue,
        blobs=blobs,
        sources=sources,
        motions=MotionLibrary(client, blobs, settings),
        eraser=Eraser(client, jobs, queue, blobs, sources),
        presence=presence,
        router=Router(presence),
        listing=JobListing(client),
        waits=Waits(client, queue, presence),
    )
    # Workers run a reaper too. This one finds the jobs of the last worker when that is the one that died.
    reaper = Reaper(jobs, queue, backend.batches, presence, blobs, settings)
    stop_reaper = threading.Event()
    thread = threading.Thread(target=reaper.run, args=(stop_reaper,), name="reaper", daemon=True)
    thread.start()
    try:
        async with backend.events.listening():
            yield backend
    finally:
        stop_reaper.set()
        await asyncio.to_thread(thread.join, 5.0)
        await client_async.aclose()
        client.close()


def get_backend(request: Request) -> Backend:
    """The backend that the application's lifespan opened."""
    backend: Backend = request.state.backend
    return backend


def _signer(settings: ApiSettings) -> UrlSigner | None:
    if settings.signing_secret is None or not settings.keys_required:
        return None
    return UrlSigner(settings.signing_secret.get_secret_value().encode(), settings.signed_url_ttl_s)


BackendDep = Annotated[Backend, Depends(get_backend)]
