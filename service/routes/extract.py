"""POST /extract: a photo or a video in, its coefficients out, to be edited and sent back."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from service.backend import Backend
from service.call import JobCall
from service.examples import EXTRACT_EXAMPLES
from service.intake import Fields, Submission
from service.openapi import document_answers, request_body
from service.security import limit_rate
from service.uploads import SEEN, source_of
from service.validation import parse
from workers.contract.options import ExtractOptions
from workers.contract.requests import ExtractRequest
from workers.contract.sniff import kind_of

router = APIRouter(tags=["editing"])

FIELDS = Fields(files=frozenset({"source"}), texts=frozenset({"source_id"}), documents={"options": ExtractOptions})

Format = Annotated[
    Literal["json", "npz"],
    Query(description="`json`, or `npz`: the same as NumPy arrays (`application/x-npz`)."),
]


@router.post(
    "/extract",
    response_class=Response,
    dependencies=[Depends(limit_rate)],
    responses=document_answers(),
    openapi_extra=request_body(FIELDS, EXTRACT_EXAMPLES),
)
async def extract(call: JobCall, format: Format = "json") -> Response:  # noqa: A002 - the contract's own name
    """Read expression and pose of the face in a photo, or in every frame of a video.

    The result is a document; within the preferred wait it is the answer itself. Its `coefficients` can be changed and
    sent to `POST /edit`, the whole document to `POST /reenact` as the `driver`. `face` is null in frames where the
    face was not found; their coefficients are bridged from the neighbours. `bundle` names the weights that read
    them.
    """

    def extract_request(backend: Backend, owner: str, submission: Submission) -> ExtractRequest:
        draft = parse(ExtractRequest, submission.documents | {"source_id": "", "format": format})
        source = source_of(backend, owner, submission, SEEN)
        kind = kind_of(source.media_type, SEEN)
        return draft.model_copy(update={"source_id": source.id, "source_kind": kind})

    return await call.answer(FIELDS, extract_request)
