"""POST /batches and what becomes of them: many edits with one status."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from service.backend import Backend, BackendDep
from service.batch_request import BatchBody, edit_requests
from service.documents import JobList
from service.errors import UnsupportedContentTypeError
from service.intake import MAX_JSON_BYTES, check_size
from service.json_text import read_json
from service.keys.tenant import KeyScope, Tenant
from service.links import LinksDep
from service.openapi import problems
from service.security import NEEDS_READ, NEEDS_WORK, Owner, TenantDep, limit_rate, needs
from service.submit import IdempotencyKey, check_key, terms_of
from workers.contract.batches import Batch
from workers.contract.logs import add_log_fields
from workers.contract.validation import parse

router = APIRouter(prefix="/batches", tags=["jobs"])

_PAGE = 100

_BODY = {
    "requestBody": {
        "required": True,
        "description": f"JSON of at most {MAX_JSON_BYTES:,} bytes.",
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{BatchBody.__name__}"},
                "examples": {
                    "two": {
                        "summary": "Two expressions of one photo",
                        "value": {
                            "edits": [
                                {"source_id": "0" * 64, "controls": {"expression": {"mouthSmile": 0.7}}},
                                {"source_id": "0" * 64, "controls": {"pose": {"yaw": 15}}},
                            ],
                            "metadata": {"campaign": "spring"},
                        },
                    }
                },
            }
        },
    }
}


def owned_batch(
    batch_id: Annotated[str, Path(description="The `id` of a batch.")], owner: Owner, backend: BackendDep
) -> Batch:
    """The caller's batch of this id."""
    return backend.batches.owned(batch_id, owner)


OwnedBatch = Annotated[Batch, Depends(owned_batch)]


@router.post(
    "",
    status_code=202,
    response_model=Batch,
    dependencies=[needs(KeyScope.EDIT), Depends(limit_rate)],
    responses=problems(400, 413, 415, 422, 429),
    openapi_extra=_BODY,
)
async def create_batch(
    request: Request, backend: BackendDep, tenant: TenantDep, links: LinksDep, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make up to 1,000 edits of uploaded photos. All are checked before any is made; later one may fail without others.

    Each edit is a job. Few of them stand in the queue at a time, so that other jobs get their turn.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedContentTypeError("Send the batch as application/json.")
    check_key(idempotency_key)
    body = await request.body()
    batch = links.batch(await run_in_threadpool(_create, backend, tenant, body, idempotency_key))
    add_log_fields(batch_id=batch.id)
    return JSONResponse(batch.model_dump(mode="json"), 202, headers={"Location": links.to(f"/batches/{batch.id}")})


def _create(backend: Backend, tenant: Tenant, content: bytes, idempotency_key: str | None) -> Batch:
    check_size("The body", len(content), MAX_JSON_BYTES)
    body = parse(BatchBody, read_json(content))
    backend.batches.ensure_room(tenant.name, backend.settings.max_batches)
    requests = edit_requests(backend, tenant, body)
    return backend.batches.create(
        requests, tenant.name, body.metadata.notes(), idempotency_key, terms_of(backend, tenant)
    )


@router.get("/{batch_id}", dependencies=[NEEDS_READ], responses=problems(404))
def read_batch(batch: OwnedBatch, links: LinksDep) -> Batch:
    """How far the batch is: how many of its jobs are in each state."""
    return links.batch(batch)


@router.get("/{batch_id}/jobs", dependencies=[NEEDS_READ], responses=problems(404, 422))
def list_batch_jobs(
    batch: OwnedBatch,
    backend: BackendDep,
    links: LinksDep,
    limit: Annotated[int, Query(ge=1, le=_PAGE, description="Most jobs of the page.")] = _PAGE,
    cursor: Annotated[str, Query(pattern=r"^\d{1,6}$", description="The `next_cursor` of the page before.")] = "0",
) -> JobList:
    """The batch's jobs in the order of its edits, with their results and errors, a page at a time."""
    first = int(cursor)
    records = backend.batches.jobs(batch.id, first, limit)
    after = first + limit
    return JobList(
        jobs=[links.job(record).job for record in records],
        next_cursor=str(after) if after < batch.total else None,
    )


@router.delete("/{batch_id}", dependencies=[NEEDS_WORK], responses=problems(404))
def cancel_batch(batch: OwnedBatch, backend: BackendDep, links: LinksDep, owner: Owner) -> Batch:
    """Cancel all of the batch's jobs that have not ended; those that have keep their results."""
    backend.batches.cancel(batch.id)
    return links.batch(backend.batches.owned(batch.id, owner))
