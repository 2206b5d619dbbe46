"""POST /extract: a photo in, its coefficients out, to be edited and sent back."""

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.answers import answer
from service.backend import Backend, BackendDep
from service.intake import Fields, Submission, read_submission
from service.openapi import Prefer, job_answers, problems, request_body
from service.security import Client, limit_rate
from service.submit import IdempotencyKey, submit
from service.uploads import source_of
from service.validation import parse
from workers.contract.jobs import ExtractOptions, ExtractRequest

router = APIRouter(tags=["editing"])

FIELDS = Fields(files=frozenset({"source"}), texts=frozenset({"source_id"}), documents={"options": ExtractOptions})


@router.post(
    "/extract",
    response_class=Response,
    dependencies=[Depends(limit_rate)],
    responses=job_answers() | problems(400, 413, 415, 422, 429, 503),
    openapi_extra=request_body(FIELDS),
)
async def extract(
    request: Request,
    backend: BackendDep,
    client: Client,
    prefer: Prefer = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Read expression and pose of the face in a photo.

    The result is a JSON document; within the preferred wait it is the answer itself. Its `coefficients` can be
    changed and sent to `POST /edit`.
    """
    async with read_submission(request, FIELDS, backend.settings.max_upload_bytes) as submission:
        job_request = await run_in_threadpool(_extract_request, backend, submission)
    record = await run_in_threadpool(submit, backend, job_request, client, idempotency_key)
    return await answer(backend, record, prefer=prefer, accept=request.headers.get("accept"))


def _extract_request(backend: Backend, submission: Submission) -> ExtractRequest:
    draft = parse(ExtractRequest, submission.documents | {"source_id": ""})
    return draft.model_copy(update={"source_id": source_of(backend, submission).id})
