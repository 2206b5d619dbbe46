"""The application: `create_app` puts routes, middleware and error answers together; nothing happens at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from service.access import AccessMiddleware
from service.backend import Backend, open_backend
from service.batch_request import BatchBody
from service.body_limit import BodyLimitMiddleware, FileBytes, Pace
from service.callbacks.deliverer import delivering
from service.examples import SLIDERS_EXAMPLE
from service.head import HeadMiddleware
from service.intake import MAX_JSON_BYTES
from service.live.metrics import LiveMetrics
from service.metrics import HttpMetrics
from service.openapi import DESCRIPTION, TAGS, problems
from service.openapi_document import install_openapi, operation_id
from service.problems import install_problem_handlers
from service.request_id import HEADER
from service.routes import (
    audit,
    batches,
    bundles,
    edit,
    event_sockets,
    events,
    extract,
    faces,
    health,
    jobs,
    live,
    me,
    metrics,
    motions,
    pages,
    reenact,
    sliders,
    sources,
    talk,
)
from service.security import require_key
from service.settings import ApiSettings
from service.version import PREFIX, VersionMiddleware
from workers.contract.code_version import package_version
from workers.contract.kinds import KINDS

# Answers of these routes carry headers that a page of another origin may want to read.
EXPOSED_HEADERS = [
    *("Location", "Content-Location", "Retry-After", "Preference-Applied", HEADER),
    *("Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag"),
    *("RateLimit", "RateLimit-Policy"),
]


class AppState(TypedDict):
    """What the lifespan hands to every request."""

    backend: Backend
    registry: CollectorRegistry
    live_metrics: LiveMetrics


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """Build the API. Without `settings` they are read from the environment."""
    settings = settings or ApiSettings()
    registry = CollectorRegistry()
    live_metrics = LiveMetrics(registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[AppState]:
        async with open_backend(settings) as backend, delivering(backend):
            yield {"backend": backend, "registry": registry, "live_metrics": live_metrics}

    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="PIRenderer as a service",
        summary="Edit and reenact portraits: named expression and pose sliders, driving videos, speech.",
        description=DESCRIPTION,
        version=package_version(),
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
        servers=[{"url": PREFIX, "description": "Version 1."}, {"url": "/", "description": "The same, unversioned."}],
        lifespan=lifespan,
    )
    install_problem_handlers(app)
    install_openapi(
        app, KINDS.values(), bodies=(BatchBody,), answers=(health.NotReady,), examples={"/sliders": SLIDERS_EXAMPLE}
    )
    for open_routes in (pages, health, metrics, live, event_sockets):
        app.include_router(open_routes.router)
    of_tenants = (
        edit,
        batches,
        reenact,
        talk,
        extract,
        faces,
        sources,
        jobs,
        events,
        sliders,
        motions,
        bundles,
        me,
        audit,
    )
    for keyed_routes in of_tenants:
        app.include_router(
            keyed_routes.router, dependencies=[Depends(require_key)], responses=problems(401, 403, 500, 503)
        )

    # The last one added is the outermost.
    app.add_middleware(HeadMiddleware)
    app.add_middleware(
        BodyLimitMiddleware,
        max_file_bytes=settings.max_upload_bytes,
        pace=Pace(settings.body_timeout_s, settings.min_body_rate),
        routes=_larger_bodies(settings),
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
        )
    app.add_middleware(VersionMiddleware)
    app.add_middleware(AccessMiddleware, metrics=HttpMetrics(registry))
    return app


def _larger_bodies(settings: ApiSettings) -> dict[str, FileBytes]:
    """Routes that take videos and sounds. Base64 in JSON is kept in memory: there they may be as large as a photo."""
    photo, video = settings.max_upload_bytes, settings.max_video_bytes
    sound = max(settings.max_audio_bytes, video)
    return {
        "/reenact": FileBytes(form=photo + video, json=2 * photo),
        "/talk": FileBytes(form=photo + sound + video + KINDS["talk"].text_bytes, json=3 * photo),
        "/extract": FileBytes(form=max(photo, video), json=photo),
        "/batches": FileBytes(form=0, json=MAX_JSON_BYTES),
        "/motions": FileBytes(form=max(photo, video), json=photo),
        "/sources": FileBytes(form=max(photo, sound), json=photo),
    }
