"""GET /metrics, for Prometheus."""

from fastapi import APIRouter, Request
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from service.backend import BackendDep
from service.metrics import BackendCollector
from service.openapi import Responses

router = APIRouter(tags=["operation"])

_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/metrics", response_class=Response, responses=_TEXT)
def read_metrics(request: Request, backend: BackendDep) -> Response:
    """Traffic of this process, and the queue and the workers as Redis knows them, in Prometheus' text format."""
    registries = (request.state.registry, REGISTRY, BackendCollector(backend))
    body = b"".join(generate_latest(registry) for registry in registries)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
