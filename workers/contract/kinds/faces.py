"""What POST /faces takes: a photo."""

from collections.abc import Mapping
from typing import Any, Literal

from workers.contract.kinds.common import JobKind, RequestFields, SourceRequest
from workers.contract.kinds.example_files import SOURCE
from workers.contract.media_type import PICTURE


class FacesFields(RequestFields):
    """What a pre-check says apart from its photo: nothing."""

    kind: Literal["faces"] = "faces"


class FacesRequest(FacesFields, SourceRequest):
    """One accepted POST /faces."""

    @property
    def answers_with_document(self) -> bool:
        """Always."""
        return True


_EXAMPLES: Mapping[str, Any] = {"photo": {"summary": "Who is in a photo", "value": SOURCE}}

FACES = JobKind(fields=FacesFields, request=FacesRequest, files={"source": PICTURE}, examples=_EXAMPLES)
