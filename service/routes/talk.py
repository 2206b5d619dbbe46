"""POST /talk: a photo and speech in, the photo saying it out."""

import io
import json

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.backend import Backend
from service.call import JobCall
from service.errors import InvalidRequestError
from service.examples import TALK_EXAMPLES
from service.intake import Fields, Submission
from service.openapi import job_answers, problems, request_body
from service.security import limit_rate
from service.uploads import AUDIO, POSE, kind_of_file, kind_of_source, source_of, store
from service.validation import parse
from workers.contract.errors import NoSpeechModelError
from workers.contract.jobs import FieldProblem
from workers.contract.options import TalkOptions
from workers.contract.requests import TalkRequest
from workers.contract.sniff import PICTURE

router = APIRouter(tags=["editing"])

FIELDS = Fields(
    files=frozenset({"source", "audio", "pose"}),
    texts=frozenset({"source_id"}),
    documents={"options": TalkOptions},
    required=frozenset({"audio"}),
    text_bytes=2**24,  # head poses of two minutes, with everything that /extract writes beside them
)


@router.post(
    "/talk",
    response_class=Response,
    dependencies=[Depends(limit_rate)],
    responses=job_answers() | problems(501),
    openapi_extra=request_body(FIELDS, TALK_EXAMPLES),
)
async def talk(call: JobCall) -> Response:
    """Let the face of a photo say what is heard.

    `audio` is WAV, AIFF, FLAC, MP3, AAC, OGG or M4A, or the sound of a video. Lips, blinks, brows and head move as a
    model makes of the speech, differently for every `seed`; the clip has the speech as its sound (a GIF has none). With
    `samples` the job has as many `results`, of the seeds `seed`, `seed` + 1 …; each result tells its own.

    Head poses of your own replace the generated ones: as `options.pose`, the document that `POST /extract` made, or as
    a file `pose`, that document (JSON or npz) or a video.
    """
    return await call.answer(FIELDS, _talk_request)


def _talk_request(backend: Backend, owner: str, submission: Submission) -> TalkRequest:
    if backend.presence.speaks() is False:
        raise NoSpeechModelError
    # Files are stored last, when everything else is known to be right; until then their ids are not known.
    kind_of_file(backend, submission, "audio", AUDIO)
    kind_of_source(backend, owner, submission, PICTURE)
    draft = parse(TalkRequest, submission.documents | {"source_id": "", "audio_id": ""})
    # A track of coefficients is media: Redis gets its id alone.
    track, options = draft.options.pose, draft.options.model_copy(update={"pose": None})
    if track is not None:
        if "pose" in submission.files:
            raise InvalidRequestError([FieldProblem(field="pose", message="send pose or options.pose, not both")])
        submission.files["pose"] = io.BytesIO(json.dumps(track).encode())
    update: dict[str, object] = {"options": options}
    if "pose" in submission.files:
        update |= {"pose_kind": kind_of_file(backend, submission, "pose", POSE)}
        update |= {"pose_id": store(backend, owner, submission, "pose", POSE).id}
    update["source_id"] = source_of(backend, owner, submission, PICTURE).id
    update["audio_id"] = store(backend, owner, submission, "audio", AUDIO).id
    return draft.model_copy(update=update)
