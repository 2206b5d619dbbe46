"""POST /extract: a photo or a video in, its coefficients out, to be edited and sent back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from service.call import JobCall
from service.openapi import MOTION_CONTENT, document_answers, job_body, problems
from service.security import NEEDS_WORK, limit_rate
from workers.contract.kinds.extract import EXTRACT, ExtractFormat

router = APIRouter(tags=["editing"])

Format = Annotated[
    ExtractFormat,
    Query(
        description="`json`; `npz`: the same as NumPy arrays (`application/x-npz`), of a photo with the face's mesh; "
        "or `obj`: that mesh as a Wavefront OBJ (`model/obj`)."
    ),
]


@router.post(
    "/extract",
    response_class=Response,
    dependencies=[NEEDS_WORK, Depends(limit_rate)],
    responses=document_answers(MOTION_CONTENT) | problems(501),
    openapi_extra=job_body("Extract", EXTRACT),
)
async def extract(call: JobCall, format: Format = "json") -> Response:  # noqa: A002 - the contract's own name
    """Read expression and pose of the face in a photo, or in every frame of a video.

    The result is a document; within the preferred wait it is the answer itself. Its `coefficients` can be changed and
    sent to `POST /edit`, the whole document to `POST /reenact` as the `driver`. `face` is null in frames where the
    face was not found; their coefficients are bridged from the neighbours. `bundle` names the weights that read
    them.

    An npz of a photo also holds the face model laid on the face: `vertices` [V, 3] in pixels of the photo (y down, z
    towards the viewer), `neutral` [V, 3], the same person at rest and straight ahead in centimetres, `triangles` [F, 3]
    and `part` [F]. An OBJ holds those vertices with y up from the photo's lower edge, in groups `face`, `mouth` and
    `eyes`; its texture coordinates lie in the photo.
    """
    return await call.answer(EXTRACT, format=format)
