"""GET /bundles: which weights a request may name."""

from fastapi import APIRouter

from service.backend import BackendDep
from service.documents import BundleList
from service.openapi import problems
from service.security import NEEDS_SOME

router = APIRouter(tags=["editing"])


@router.get("/bundles", dependencies=[NEEDS_SOME], responses=problems(503))
def list_bundles(backend: BackendDep) -> BundleList:
    """The bundles that live workers have loaded, for the field `bundle` of a request; none while no worker is ready."""
    return BundleList(bundles=backend.presence.served())
