"""GET /jobs, GET and DELETE /jobs/{id}, GET /jobs/{id}/result."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from service.answers import CANCELLED
from service.backend import BackendDep
from service.documents import JobList
from service.errors import JobCancelledError, JobUnfinishedError
from service.links import LinksDep
from service.media import file_response, result_file
from service.openapi import FILE_CONDITIONS, problems, result_answers
from service.problems import render
from service.security import NEEDS_READ, NEEDS_WORK, Owner
from workers.contract import cancelling
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import FieldProblem, Job, JobRecord, JobStatus
from workers.contract.listing import BadCursorError, JobFilter

router = APIRouter(prefix="/jobs", tags=["jobs"])

JobId = Annotated[str, Path(description="The `id` of a job.")]


def owned_job(job_id: JobId, owner: Owner, backend: BackendDep, links: LinksDep) -> JobRecord:
    """The caller's job of this id."""
    return links.job(backend.jobs.owned(job_id, owner))


class JobQuery(BaseModel):
    """Which jobs are listed."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(None, max_length=40, description="Only jobs of this kind, such as `edit`.")
    status: JobStatus | None = Field(None, description="Only jobs in this state.")
    created_after: AwareDatetime | None = Field(None, description="Only jobs created at that time or later.")
    created_before: AwareDatetime | None = Field(None, description="Only jobs created before that time.")
    limit: int = Field(20, ge=1, le=100, description="Most jobs of the page.")
    cursor: str | None = Field(None, max_length=200, description="The `next_cursor` of the page before.")


OwnedJob = Annotated[JobRecord, Depends(owned_job)]


@router.get("", dependencies=[NEEDS_READ], responses=problems(422))
def list_jobs(owner: Owner, backend: BackendDep, links: LinksDep, wanted: Annotated[JobQuery, Query()]) -> JobList:
    """The caller's jobs, newest first, a page at a time. Previews of `GET /live` are none of them.

    A page may have fewer jobs than its limit: the last one is that without a `next_cursor`.
    """
    chosen = JobFilter(
        kind=wanted.kind,
        status=wanted.status,
        created_after=None if wanted.created_after is None else wanted.created_after.timestamp(),
        created_before=None if wanted.created_before is None else wanted.created_before.timestamp(),
    )
    try:
        page = backend.listing.page(owner, chosen, wanted.limit, wanted.cursor)
    except BadCursorError:
        problem = FieldProblem(field="query.cursor", message="is none that a page gave; leave it out to begin anew")
        raise InvalidRequestError([problem]) from None
    return JobList(jobs=[links.job(record).job for record in page.records], next_cursor=page.cursor)


@router.get("/{job_id}", dependencies=[NEEDS_READ], responses=problems(404))
def read_job(record: OwnedJob, backend: BackendDep) -> Job:
    """The job's state, with its result or its error once it has ended. Answers 200 in every state."""
    return backend.waits.placed(record).job


@router.delete("/{job_id}", dependencies=[NEEDS_WORK], responses=problems(404))
def cancel_job(record: OwnedJob, backend: BackendDep, links: LinksDep) -> Job:
    """Cancel the job. A running one stops within one batch of frames.

    Of one that has ended the media are deleted: its results (410 from then on), and the files that came with its
    request. What was uploaded by `POST /sources` stays, and so do the job's own record and files that another job still
    needs.
    """
    if record.job.status.final:
        backend.eraser.erase_media(record)
        return record.job
    return links.job(cancelling.cancel_job(backend.jobs, backend.queue, record.job.id)).job


@router.get(
    "/{job_id}/result",
    dependencies=[NEEDS_READ],
    response_class=Response,
    responses=result_answers(),
    openapi_extra=FILE_CONDITIONS,
)
async def read_result(
    record: OwnedJob,
    request: Request,
    backend: BackendDep,
    index: Annotated[int, Query(ge=0, description="Which result, of a job that has several.")] = 0,
) -> Response:
    """The finished media, or the requested range of it: clips play and broken downloads go on.

    307 where the service sends clients to its object store (`PORTRAIT_REDIRECT_TO_STORAGE`).

    409 with Retry-After while the job is under way; the job's own problem when it failed. A result never changes, so
    clients may keep it until it expires.
    """
    job = record.job
    if job.error is not None:
        return render(job.error)
    if job.status is JobStatus.CANCELLED:
        raise JobCancelledError(CANCELLED)
    if not job.status.final:
        raise JobUnfinishedError(f"The job is {job.status}; ask again, or follow /jobs/{job.id}/events.")
    if index >= len(record.blobs):
        message = f"must be less than {len(record.blobs)}, the number of results"
        raise InvalidRequestError([FieldProblem(field="query.index", message=message)])
    return await file_response(backend, result_file(record, index), request)
