"""GET /: the way in for people."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root() -> RedirectResponse:
    """The documentation, where every route can be tried."""
    return RedirectResponse("/docs")
