"""POST /sources, GET and DELETE /sources/{id}: upload a photo or video once, use it many times."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from service.backend import BackendDep
from service.intake import BodyFields, read_submission
from service.openapi import problems, request_body
from service.security import Owner, limit_rate
from service.uploads import Uploads
from service.version import Root
from workers.contract.contract_model import ContractModel
from workers.contract.media_type import VISUAL
from workers.contract.sources import StoredSource

router = APIRouter(prefix="/sources", tags=["sources"])

FIELDS = BodyFields(files=frozenset({"source"}), required=frozenset({"source"}))
SourceId = Annotated[str, Path(description="The `id` of a source.")]


class SourceDocument(ContractModel):
    """An uploaded photo or video. `id` is the SHA-256 of its bytes: the same file is the same source.

    A video's size is null: uploads are not decoded.
    """

    id: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    expires_at: datetime

    @classmethod
    def of(cls, source: StoredSource) -> "SourceDocument":
        """The public view of a stored source."""
        fields = source.model_dump(include=set(cls.model_fields)) | {
            "expires_at": datetime.fromtimestamp(source.expires_at, UTC)
        }
        return cls.model_validate(fields)


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(limit_rate)],
    responses=problems(400, 413, 415, 422, 429, 503),
    openapi_extra=request_body("Source", FIELDS),
)
async def create_source(
    request: Request, response: Response, backend: BackendDep, owner: Owner, root: Root
) -> SourceDocument:
    """Upload a photo or a video, to be named as `source_id` later. Each use renews its life."""
    async with read_submission(request, FIELDS) as submission:
        uploads = Uploads(backend, owner, submission, {"source": VISUAL})
        source = await run_in_threadpool(uploads.store, "source")
    response.headers["Location"] = f"{root}/sources/{source.id}"
    return SourceDocument.of(source)


@router.get("/{source_id}", responses=problems(404, 410))
def read_source(source_id: SourceId, backend: BackendDep, owner: Owner) -> SourceDocument:
    """What is known of the upload."""
    return SourceDocument.of(backend.sources.get(owner, source_id))


@router.delete("/{source_id}", status_code=204, responses=problems(404, 410))
def delete_source(source_id: SourceId, backend: BackendDep, owner: Owner) -> None:
    """Delete the upload now. Jobs that have not read it yet will fail."""
    backend.sources.delete(owner, source_id)
