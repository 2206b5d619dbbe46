"""POST /faces: a photo in, what its faces are like out, before anything is made of them."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.call import JobCall
from service.openapi import FACES_CONTENT, document_answers, job_body
from service.security import NEEDS_WORK, limit_rate
from workers.contract.kinds.faces import FACES

router = APIRouter(tags=["editing"])


@router.post(
    "/faces",
    response_class=Response,
    dependencies=[NEEDS_WORK, Depends(limit_rate)],
    responses=document_answers(FACES_CONTENT),
    openapi_extra=job_body("Faces", FACES),
)
async def faces(call: JobCall) -> Response:
    """Look at the faces of a photo before editing it: the pre-check.

    The result is a document; within the preferred wait it is the answer itself. It lists up to 32 faces, largest
    first: the place in the list is what `options.face` of the other routes takes. Name the one you mean: a job that
    names none looks less closely, and may overlook a face of a group. Each face has a verdict for every route: `good`
    without a reason against it, `usable` with one, `poor` with several. The reasons are codes of warnings: those that
    every job on the face carries (`warnings`), `extreme_pose` where the head already is turned beyond it, and, for
    the routes that turn the head by themselves, `hidden_side` where it looks aside. A photo without a face is no
    error here: the list is empty.
    """
    return await call.answer(FACES)
