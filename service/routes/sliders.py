"""GET /sliders: what can be edited."""

from typing import Any

from fastapi import APIRouter

from service.backend import BackendDep
from service.examples import SLIDERS_EXAMPLE
from service.openapi import Responses, problems

router = APIRouter(tags=["editing"])


_DOCUMENT: Responses = {200: {"content": {"application/json": {"example": SLIDERS_EXAMPLE}}}}


@router.get("/sliders", responses=_DOCUMENT | problems(503))
def read_sliders(backend: BackendDep) -> dict[str, Any]:
    """Names, ranges and meaning of the expression and pose sliders, and presets made of them.

    The document is of the bundle that the workers have loaded, which it names; of the one that was loaded last, while
    workers have different ones. It is 503 until the first worker has loaded its bundle.
    """
    return backend.presence.sliders()
