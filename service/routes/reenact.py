"""POST /reenact: a photo and a driver in, the person of the photo making the driver's motion out."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.backend import Backend
from service.call import JobCall
from service.errors import InvalidRequestError
from service.examples import REENACT_EXAMPLES
from service.intake import Fields, Submission
from service.openapi import job_answers, problems, request_body
from service.security import limit_rate
from service.uploads import DRIVER, SEEN, kind_of_file, source_of, store
from service.validation import parse
from workers.contract.jobs import FieldProblem
from workers.contract.requests import ReenactOptions, ReenactRequest

router = APIRouter(tags=["editing"])

FIELDS = Fields(
    files=frozenset({"source", "driver"}),
    texts=frozenset({"source_id"}),
    documents={"options": ReenactOptions},
)


@router.post(
    "/reenact",
    response_class=Response,
    dependencies=[Depends(limit_rate)],
    responses=job_answers() | problems(400, 413, 415, 422, 429, 503),
    openapi_extra=request_body(FIELDS, REENACT_EXAMPLES),
)
async def reenact(call: JobCall) -> Response:
    """Let the person of a photo make a driver's motion.

    The driver is a video (the result is a clip of as many frames, with the same time stamps and the video's sound), a
    picture (the result is a picture), or the document that `POST /extract` made of one of them. `relative` (the
    default) adds the driver's changes, since the frame in which it looks most like the source, to the source's own
    expression and pose; `absolute` copies the driver's. A driver of one frame has no changes, and is copied.
    """
    return await call.answer(FIELDS, _reenact_request)


def _reenact_request(backend: Backend, submission: Submission) -> ReenactRequest:
    kind = kind_of_file(backend, submission, "driver", DRIVER)
    unstored = {"source_id": "", "driver_id": "", "driver_kind": kind}
    draft = parse(ReenactRequest, submission.documents | unstored)
    if "source" in submission.files and kind_of_file(backend, submission, "source", SEEN) == "video":
        raise InvalidRequestError([FieldProblem(field="source", message=_NO_VIDEO)])
    source = source_of(backend, submission)
    return draft.model_copy(
        update={"source_id": source.id, "driver_id": store(backend, submission, "driver", DRIVER).id}
    )


_NO_VIDEO = "is a video, whose own motion cannot be edited yet; send a photo, for example one frame of the video"
