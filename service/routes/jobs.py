"""GET and DELETE /jobs/{id}, GET /jobs/{id}/result."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from service.answers import CANCELLED
from service.backend import BackendDep
from service.errors import InvalidRequestError, JobCancelledError, JobUnfinishedError
from service.links import LinksDep
from service.media import file_response, result_file
from service.openapi import FILE_CONDITIONS, problems, result_answers
from service.problems import render
from service.security import Owner
from workers.contract.jobs import FieldProblem, Job, JobRecord, JobStatus

router = APIRouter(prefix="/jobs", tags=["jobs"])

JobId = Annotated[str, Path(description="The `id` of a job.")]


def owned_job(job_id: JobId, owner: Owner, backend: BackendDep, links: LinksDep) -> JobRecord:
    """The caller's job of this id."""
    return links.job(backend.jobs.owned(job_id, owner))


OwnedJob = Annotated[JobRecord, Depends(owned_job)]


@router.get("/{job_id}", responses=problems(404))
async def read_job(record: OwnedJob) -> Job:
    """The job's state, with its result or its error once it has ended. Answers 200 in every state."""
    return record.job


@router.delete("/{job_id}", responses=problems(404))
def cancel_job(record: OwnedJob, backend: BackendDep, links: LinksDep) -> Job:
    """Cancel the job. A running one stops within one batch of frames; one that has ended stays as it is."""
    record = backend.jobs.cancel(record.job.id)
    if record.job.status is JobStatus.CANCELLED:
        backend.queue.remove(record)
    return links.job(record).job


@router.get(
    "/{job_id}/result",
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
