"""/motions: drivers by name, shipped with the service or stored by its clients."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.backend import Backend, BackendDep
from service.call import JobCall
from service.errors import NoMotionDocumentError
from service.links import Links, LinksDep
from service.media import StoredFile, file_response
from service.motion_documents import MotionList, ReadyMotion, own_motion, shipped_motion
from service.openapi import FILE_CONDITIONS, job_body, motion_answers, plain_job_answers, problems, sound_answers
from service.security import NEEDS_READ, NEEDS_SOME, NEEDS_WORK, Owner, TenantDep, limit_rate
from workers.contract.errors import UnknownMotionError
from workers.contract.kinds.motion import MOTION, MotionRequest
from workers.contract.kinds.remote import RemoteRequest
from workers.contract.motion_templates import MOTION_TEMPLATES
from workers.contract.motions import unknown_motion
from workers.contract.stored_motion import StoredMotion

router = APIRouter(prefix="/motions", tags=["editing"])

_PAGE = 100

MotionId = Annotated[str, Path(description="The `id` of a motion: its name.")]


@router.post(
    "",
    response_class=Response,
    dependencies=[NEEDS_WORK, Depends(limit_rate)],
    responses=plain_job_answers() | problems(409),
    openapi_extra=job_body("Motion", MOTION),
)
async def create_motion(call: JobCall, backend: BackendDep, owner: Owner) -> Response:
    """Keep a driver's motion and sound under a name, which then stands for a driver in every later request.

    The driver is a video, whose face is read; the document that `POST /extract` made, perhaps changed; a picture, which
    gives a single pose; or another motion by its name. The motion owns what it needs: it outlives the upload. Of a
    video no picture is kept. 409 where the name is taken. The job's result is the motion's document.
    """

    def ensure_free(request: MotionRequest | RemoteRequest) -> None:
        name = request.draft["name"] if isinstance(request, RemoteRequest) else request.name
        backend.motions.ensure_free(owner, name)

    return await call.answer(MOTION, ensure=ensure_free)


@router.get("", dependencies=[NEEDS_SOME], responses=problems(422))
def list_motions(
    backend: BackendDep,
    tenant: TenantDep,
    links: LinksDep,
    limit: Annotated[int, Query(ge=1, le=_PAGE, description="Most motions of the page.")] = _PAGE,
    cursor: Annotated[
        str | None, Query(max_length=40, description="The `next_cursor` of the page before.", pattern=r"^[a-z0-9-]+$")
    ] = None,
) -> MotionList:
    """Motions whose names stand for a driver: `driver_id` of `POST /reenact`, or `pose_id` of `POST /talk`.

    The caller's own come first. Those that ship with the service begin and end at rest, so a clip of one can be
    repeated.
    """
    found = _after(cursor, [own_motion(motion, tenant, links) for motion in backend.motions.all(tenant.name)])
    page = list(islice(found, limit + 1))
    return MotionList(motions=page[:limit], next_cursor=page[limit - 1].id if len(page) > limit else None)


def _after(cursor: str | None, own: list[ReadyMotion]) -> list[ReadyMotion]:
    """All motions that come after the one of this name, be that still there or not; all, where none is named."""
    shipped = list(MOTION_TEMPLATES)
    if cursor is not None and cursor in MOTION_TEMPLATES:
        return [shipped_motion(name) for name in shipped[shipped.index(cursor) + 1 :]]
    later = [motion for motion in own if cursor is None or motion.id > cursor]
    return later + [shipped_motion(name) for name in shipped]


@router.get("/{motion}", dependencies=[NEEDS_SOME], responses=problems(404))
def read_motion(motion: MotionId, backend: BackendDep, tenant: TenantDep, links: LinksDep) -> ReadyMotion:
    """What is known of the motion."""
    if motion in MOTION_TEMPLATES:
        return shipped_motion(motion)
    return own_motion(backend.motions.get(tenant.name, motion), tenant, links)


@router.get(
    "/{motion}/content",
    dependencies=[NEEDS_READ],
    response_class=Response,
    responses=motion_answers(),
    openapi_extra=FILE_CONDITIONS,
)
async def read_motion_content(
    motion: MotionId, request: Request, backend: BackendDep, owner: Owner, links: LinksDep
) -> Response:
    """The motion's document, as `POST /extract` makes it. Of one that ships with the service, see its `keyframes`.

    Its `sound` names the motion itself.
    """
    found = await _owned(backend, owner, motion)
    return await file_response(backend, _file(found, found.document, "content", links), request)


@router.get(
    "/{motion}/sound",
    dependencies=[NEEDS_READ],
    response_class=Response,
    responses=sound_answers(),
    openapi_extra=FILE_CONDITIONS,
)
async def read_motion_sound(
    motion: MotionId, request: Request, backend: BackendDep, owner: Owner, links: LinksDep
) -> Response:
    """The motion's sound, from its first frame on."""
    found = await _owned(backend, owner, motion)
    if found.sound is None:
        raise UnknownMotionError(f"The motion {found.name} has no sound.")
    return await file_response(backend, _file(found, found.sound, "sound", links), request)


@router.delete("/{motion}", status_code=204, dependencies=[NEEDS_WORK], responses=problems(404))
def delete_motion(motion: MotionId, backend: BackendDep, owner: Owner) -> None:
    """Delete the motion, its document and its sound. Jobs that have not read it yet will fail."""
    backend.motions.delete(owner, motion)


async def _owned(backend: Backend, owner: str, name: str) -> StoredMotion:
    if name in MOTION_TEMPLATES:
        raise NoMotionDocumentError(f"{name} ships with the service and has no files; GET /motions/{name} shows it.")
    return await run_in_threadpool(backend.motions.get, owner, name)


def _file(motion: StoredMotion, key: str, what: str, links: Links) -> StoredFile:
    return StoredFile(
        key=key,
        media_type="application/json" if what == "content" else "audio/flac",
        name=motion.name,
        url=links.to(f"/motions/{motion.name}/{what}"),
        modified=datetime.fromtimestamp(motion.created_at, UTC),
        expires_at=motion.expires_at,
        expired=unknown_motion(motion.name),
    )
