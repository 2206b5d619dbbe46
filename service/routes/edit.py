"""POST /edit: a photo and sliders in, an edited photo or clip out."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.call import JobCall
from service.keys.tenant import KeyScope
from service.openapi import job_answers, media_job
from service.security import limit_rate, needs
from workers.contract.kinds.edit import EDIT

router = APIRouter(tags=["editing"])


@router.post(
    "/edit",
    response_class=Response,
    dependencies=[needs(KeyScope.EDIT), Depends(limit_rate)],
    responses=job_answers(),
    openapi_extra=media_job("Edit", EDIT),
)
async def edit(call: JobCall) -> Response:
    """Change expression and pose of the face in a photo.

    Sliders act on the photo's own expression: `relative` (the default) adds to it, `absolute` replaces it. With
    `keyframes` the result is a clip. `GET /sliders` lists the names and ranges.
    """
    return await call.answer(EDIT)
