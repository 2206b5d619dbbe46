"""What POST /extract takes: the coefficients of a photo or of every frame of a video."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from workers.contract.kinds.common import FaceChoice, JobKind, RequestFields, SourceRequest
from workers.contract.kinds.example_files import MP4, SOURCE
from workers.contract.kinds.strict import FieldError, Strict
from workers.contract.media_type import VISUAL

ExtractFormat = Literal["json", "npz", "obj"]
EXTRACT_FORMATS: Mapping[ExtractFormat, str] = {
    "json": "application/json",
    "npz": "application/x-npz",
    "obj": "model/obj",
}


class ExtractOptions(Strict):
    """Options of POST /extract.

    `smoothing` is for videos; 0 gives what each frame shows. `landmarks` adds MediaPipe's 478 of every frame, in pixels
    of the upright picture, to JSON and npz.
    """

    face: FaceChoice = "largest"
    smoothing: float = Field(default=0, ge=0, le=1)
    landmarks: bool = False


class ExtractFields(RequestFields):
    """What an extraction says apart from its source; `format` is how what was read is written."""

    kind: Literal["extract"] = "extract"
    source_kind: Literal["picture", "video"] = "picture"
    format: ExtractFormat = "json"
    options: ExtractOptions = ExtractOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        if self.format == "obj":
            if self.source_kind == "video":
                raise FieldError("format", "obj is the mesh of a photo; send one of the video's frames, or choose npz")
            if self.options.landmarks:
                raise FieldError("options.landmarks", "an obj has no place for them; choose json or npz")
        return self


class ExtractRequest(ExtractFields, SourceRequest):
    """One accepted POST /extract."""

    @property
    def answers_with_document(self) -> bool:
        """Always."""
        return True

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
    "landmarks": {
        "summary": "A photo's coefficients, and the landmarks that they were read beside",
        "value": SOURCE | {"options": {"landmarks": True}},
    },
}

EXTRACT = JobKind(
    fields=ExtractFields,
    request=ExtractRequest,
    files={"source": VISUAL},
    examples=_EXAMPLES,
    checked_first=("source",),
)
