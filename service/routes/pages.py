"""GET /: the way in for people, the studio, and the files that it is made of."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from service.studio_files import FILE_HEADERS, PAGE_HEADERS, PREFIX, studio

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front_page() -> HTMLResponse:
    """The page. It names its files relative to itself, and so works under any prefix."""
    return HTMLResponse(studio().page, headers=PAGE_HEADERS)


@router.get(f"/{PREFIX}/{{digest}}/{{name:path}}")
async def studio_file(digest: str, name: str) -> Response:
    """One of the page's files. Those of another version of the page are not here any more."""
    files = studio()
    file = files.files.get(name) if digest == files.digest else None
    if file is None:
        raise HTTPException(404)
    return Response(file.content, headers=FILE_HEADERS, media_type=file.media_type)
