"""What POST /extract takes: the coefficients of a photo or of every frame of a video."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from workers.contract.kinds.common import FaceChoice, JobKind, RequestFields, StoredRequest, Strict
from workers.contract.kinds.example_files import MP4, SOURCE
from workers.contract.media_type import VISUAL

MotionFormat = Literal["json", "npz"]
MOTION_FORMATS: Mapping[MotionFormat, str] = {"json": "application/json", "npz": "application/x-npz"}


class ExtractOptions(Strict):
    """Options of POST /extract. `smoothing` is for videos; 0 gives what each frame shows."""

    face: FaceChoice = "largest"
    smoothing: float = Field(default=0, ge=0, le=1)


class ExtractFields(RequestFields):
    """What an extraction says apart from its source; `format` is how the coefficients are written."""

    kind: Literal["extract"] = "extract"
    format: MotionFormat = "json"
    options: ExtractOptions = ExtractOptions()


class ExtractRequest(ExtractFields, StoredRequest):
    """One accepted POST /extract."""

    answers_with_document: ClassVar[bool] = True

    source_kind: Literal["picture", "video"] = "picture"

    @property
    def long(self) -> bool:
        """For videos."""
        return self.source_kind == "video"


_EXAMPLES: Mapping[str, Any] = {
    "photo": {"summary": "What a photo shows", "value": SOURCE},
    "video": {
        "summary": "Every frame of a video, smoothed over time",
        "value": {"source": MP4, "options": {"smoothing": 0.5}},
    },
}

EXTRACT = JobKind(fields=ExtractFields, request=ExtractRequest, files={"source": VISUAL}, examples=_EXAMPLES)
