"""GET /: the way in for people."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from service.version import Root

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front_page(root: Root) -> RedirectResponse:
    """The documentation, where every route can be tried."""
    return RedirectResponse(f"{root}/docs")
