"""POST /reenact: a photo or video and a driver in, the person of the former making the driver's motion out."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.call import JobCall
from service.keys.tenant import KeyScope
from service.openapi import job_answers, media_job
from service.security import limit_rate, needs
from workers.contract.kinds.reenact import REENACT

router = APIRouter(tags=["editing"])


@router.post(
    "/reenact",
    response_class=Response,
    dependencies=[needs(KeyScope.REENACT), Depends(limit_rate)],
    responses=job_answers(),
    openapi_extra=media_job("Reenact", REENACT),
)
async def reenact(call: JobCall) -> Response:
    """Let the face of a photo or video make a driver's motion.

    The driver is a video, a picture, or the document that `POST /extract` made of one of them. `relative` (the default)
    adds the driver's changes, since the frame in which it looks most like the source, to the source's own expression
    and pose; `absolute` copies the driver's.

    Of a *photo*, a video makes a clip of as many frames as the driver's, with the same time stamps and the driver's
    sound; a picture makes a picture. A driver of one frame has no changes, and is copied.

    A *video* as the source keeps its frames: each comes back with its face changed, at its own place and time; where
    the face is out of sight it stays as it is. A driver of one frame edits the whole clip: relative, what it shows
    beyond a neutral face is added to every frame, and the sound stays. With a moving driver the clip lasts as long as
    the shorter of the two, and has the driver's sound if there is one.

    The job's `metrics` count `frames_without_face` (bridged), `cuts` (the picture changed at once: perhaps another
    person) and `frames_missing` (stated by the file but not in it) of a driving video; of a source video the same,
    preceded by `source_`.
    """
    return await call.answer(REENACT)
