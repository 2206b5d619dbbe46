"""GET /sliders: what can be edited."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from service.backend import BackendDep
from service.documents import Sliders
from service.openapi import Responses, problems

router = APIRouter(tags=["editing"])


_DOCUMENT: Responses = {200: {"model": Sliders}}


@router.get("/sliders", response_class=Response, responses=_DOCUMENT | problems(503))
def read_sliders(backend: BackendDep) -> Response:
    """Names, ranges and meaning of the expression and pose sliders, and presets made of them.

    The document is of the bundle that the workers have loaded, which it names; of the one that was loaded last, while
    workers have different ones. It is 503 until the first worker has loaded its bundle.
    """
    return JSONResponse(backend.presence.sliders())
