"""POST /edit: a photo and sliders in, an edited photo or clip out."""

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.answers import answer
from service.backend import Backend, BackendDep
from service.errors import InvalidRequestError
from service.intake import Fields, Submission, read_submission
from service.openapi import EDIT_EXAMPLES, Prefer, job_answers, problems, request_body
from service.security import Client, limit_rate
from service.submit import IdempotencyKey, submit
from service.uploads import source_of
from service.validation import parse
from workers.contract.controls import Controls, check_controls
from workers.contract.jobs import EditOptions, EditRequest, FieldProblem

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
    responses=job_answers() | problems(400, 413, 415, 422, 429, 503),
    openapi_extra=request_body(FIELDS, EDIT_EXAMPLES),
)
async def edit(
    request: Request,
    backend: BackendDep,
    client: Client,
    prefer: Prefer = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Change expression and pose of the face in a photo.

    Sliders act on the photo's own expression: `relative` (the default) adds to it, `absolute` replaces it. With
    `keyframes` the result is a clip. `GET /sliders` lists the names and ranges.
    """
    async with read_submission(request, FIELDS, backend.settings.max_upload_bytes) as submission:
        job_request = await run_in_threadpool(_edit_request, backend, submission)
    record = await run_in_threadpool(submit, backend, job_request, client, idempotency_key)
    return await answer(backend, record, prefer=prefer, accept=request.headers.get("accept"))


def _edit_request(backend: Backend, submission: Submission) -> EditRequest:
    # The source is stored last, when everything else is known to be right; until then its id is not known.
    draft = parse(EditRequest, submission.documents | {"source_id": ""})
    faults = check_controls(draft.controls, backend.presence.sliders(), backend.settings.max_clip_seconds)
    if faults:
        raise InvalidRequestError(FieldProblem(field=f"controls.{field}", message=text) for field, text in faults)
    return draft.model_copy(update={"source_id": source_of(backend, submission).id})
