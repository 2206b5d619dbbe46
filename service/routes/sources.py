"""/sources: upload a photo, video, sound or motion once, use it many times."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from service.backend import BackendDep
from service.intake import BodyFields, read_submission
from service.links import Links, LinksDep
from service.media import StoredFile, file_response
from service.openapi import FILE_CONDITIONS, content_answers, problems, request_body
from service.security import NEEDS_READ, NEEDS_WORK, Owner, TenantDep, limit_rate
from service.uploads import Uploads
from workers.contract.contract_model import ContractModel
from workers.contract.errors import SourceExpiredError
from workers.contract.logs import add_log_fields
from workers.contract.media_type import ANY
from workers.contract.sources import StoredSource

router = APIRouter(prefix="/sources", tags=["sources"])

FIELDS = BodyFields(files=frozenset({"source"}), required=frozenset({"source"}))
SourceId = Annotated[str, Path(description="The `id` of a source.")]


class SourceDocument(ContractModel):
    """An uploaded file. `id` is the SHA-256 of its bytes: the same file is the same source.

    The size is a picture's alone, and null for anything else: uploads are not decoded. `content_url` needs no API key
    for some time, where the service signs addresses.
    """

    id: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    expires_at: datetime
    content_url: str

    @classmethod
    def of(cls, source: StoredSource, owner: str, links: Links) -> "SourceDocument":
        """The public view of a stored source."""
        fields = source.model_dump(include=set(cls.model_fields)) | {
            "expires_at": datetime.fromtimestamp(source.expires_at, UTC),
            "content_url": links.open_to(owner, _content_path(source)),
        }
        return cls.model_validate(fields)


def _content_path(source: StoredSource) -> str:
    return f"/sources/{source.id}/content"


@router.post(
    "",
    status_code=201,
    dependencies=[NEEDS_WORK, Depends(limit_rate)],
    responses=problems(400, 413, 415, 422, 429, 503),
    openapi_extra=request_body("Source", FIELDS),
)
async def create_source(
    request: Request, response: Response, backend: BackendDep, tenant: TenantDep, links: LinksDep
) -> SourceDocument:
    """Upload a photo, a video, a sound or a document of `POST /extract`, to be named later instead of being sent again.

    `source_id`, `driver_id`, `audio_id` and `pose_id` take its `id`, wherever a file of its kind goes. Each use renews
    its life.
    """
    async with read_submission(request, FIELDS) as submission:
        uploads = Uploads(backend, tenant, submission, {"source": ANY}, apart=True)
        source = await run_in_threadpool(uploads.store, "source")
    add_log_fields(source_id=source.id)
    response.headers["Location"] = links.to(f"/sources/{source.id}")
    return SourceDocument.of(source, tenant.name, links)


@router.get("/{source_id}", dependencies=[NEEDS_READ], responses=problems(404, 410))
def read_source(source_id: SourceId, backend: BackendDep, owner: Owner, links: LinksDep) -> SourceDocument:
    """What is known of the upload."""
    return SourceDocument.of(backend.sources.get(owner, source_id), owner, links)


@router.get(
    "/{source_id}/content",
    dependencies=[NEEDS_READ],
    response_class=Response,
    responses=content_answers(),
    openapi_extra=FILE_CONDITIONS,
)
async def read_content(
    source_id: SourceId, request: Request, backend: BackendDep, owner: Owner, links: LinksDep
) -> Response:
    """The file as it was uploaded, or the requested range of it; 307 as for a job's result."""
    source = await run_in_threadpool(backend.sources.get, owner, source_id)
    file = StoredFile(
        key=source.blob,
        media_type=source.media_type,
        name=f"source-{source.id[:8]}",
        url=links.to(_content_path(source)),
        modified=None,
        expires_at=source.expires_at,
        expired=SourceExpiredError(f"Source {source.id} is no longer stored; upload it again."),
    )
    return await file_response(backend, file, request)


@router.delete("/{source_id}", status_code=204, dependencies=[NEEDS_WORK], responses=problems(404, 410))
def delete_source(source_id: SourceId, backend: BackendDep, owner: Owner) -> None:
    """Delete the upload now. Jobs that have not read it yet will fail."""
    backend.eraser.erase_source(owner, source_id)
