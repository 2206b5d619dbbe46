"""GET /sliders: what can be edited."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from service.backend import BackendDep
from service.documents import Sliders
from service.openapi import Responses, problems
from service.security import NEEDS_SOME
from workers.contract.bundle import BundleChoice

router = APIRouter(tags=["editing"])


_DOCUMENT: Responses = {200: {"model": Sliders}}


@router.get(
    "/sliders",
    dependencies=[NEEDS_SOME],
    response_class=Response,
    responses=_DOCUMENT | problems(422, 503),
)
def read_sliders(
    backend: BackendDep, bundle: Annotated[BundleChoice | None, Query(description="As a request names it.")] = None
) -> Response:
    """Names, ranges and meaning of the expression and pose sliders, and presets made of them.

    The document names the bundle that it is of: without `bundle` the one for requests that name none; of several, the
    one that was loaded last. It is 503 until the first worker has loaded its bundle.
    """
    return JSONResponse(backend.presence.sliders(bundle))
