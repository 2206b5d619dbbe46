"""POST /edit: a photo and sliders in, an edited photo or clip out."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.backend import Backend
from service.call import JobCall
from service.errors import InvalidRequestError
from service.examples import EDIT_EXAMPLES
from service.intake import Fields, Submission
from service.openapi import job_answers, request_body
from service.security import limit_rate
from service.uploads import source_of
from service.validation import parse
from workers.contract.controls import Controls, check_controls
from workers.contract.jobs import MAX_ERRORS, FieldProblem
from workers.contract.options import EditOptions
from workers.contract.requests import EditRequest

router = APIRouter(tags=["editing"])

FIELDS = Fields(
    files=frozenset({"source"}),
    texts=frozenset({"source_id"}),
    documents={"controls": Controls, "options": EditOptions},
)


@router.post(
    "/edit",
    response_class=Response,
    dependencies=[Depends(limit_rate)],
    responses=job_answers(),
    openapi_extra=request_body(FIELDS, EDIT_EXAMPLES),
)
async def edit(call: JobCall) -> Response:
    """Change expression and pose of the face in a photo.

    Sliders act on the photo's own expression: `relative` (the default) adds to it, `absolute` replaces it. With
    `keyframes` the result is a clip. `GET /sliders` lists the names and ranges.
    """
    return await call.answer(FIELDS, _edit_request)


def _edit_request(backend: Backend, owner: str, submission: Submission) -> EditRequest:
    # The source is stored last, when everything else is known to be right; until then its id is not known.
    draft = parse(EditRequest, submission.documents | {"source_id": ""})
    settings = backend.settings
    most_seconds = min(settings.max_clip_seconds, (settings.max_frames - 1) / draft.rate)
    faults = check_controls(draft.controls, backend.presence.sliders(), most_seconds)
    if faults:
        first = [FieldProblem(field=f"controls.{field}", message=text) for field, text in faults[:MAX_ERRORS]]
        raise InvalidRequestError(first, total=len(faults))
    return draft.model_copy(update={"source_id": source_of(backend, owner, submission).id})
