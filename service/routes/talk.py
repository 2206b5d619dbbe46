"""POST /talk: a photo and speech in, a clip of the photo saying it out."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.call import JobCall
from service.keys.tenant import KeyScope
from service.openapi import job_answers, media_job, problems
from service.security import limit_rate, needs
from workers.contract.kinds.talk import TALK

router = APIRouter(tags=["editing"])


@router.post(
    "/talk",
    response_class=Response,
    dependencies=[needs(KeyScope.TALK), Depends(limit_rate)],
    responses=job_answers() | problems(501),
    openapi_extra=media_job("Talk", TALK),
)
async def talk(call: JobCall) -> Response:
    """Let the face of a photo say what is heard.

    `audio` is WAV, AIFF, FLAC, MP3, AAC, OGG or M4A, or the sound of a video. Lips, blinks, brows and head move as a
    model makes of the speech, differently for every `seed`; the clip has the speech as its sound (a GIF has none). With
    `samples` the job has as many `results`, of the seeds `seed`, `seed` + 1 …; each result names its own.

    Head poses of your own replace the generated ones: as `options.pose`, the document that `POST /extract` made, or as
    a file `pose`, that document (JSON or npz) or a video.
    """
    return await call.answer(TALK)
