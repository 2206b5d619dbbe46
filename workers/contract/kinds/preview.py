"""A preview: what a wish of GET /live makes. It is small, handed over at once, and forgotten soon."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from workers.contract.bundle import BundleChoice
from workers.contract.kinds.common import STILL_FORMATS, FaceChoice, OutputSpec, Size, SourceRequest
from workers.contract.kinds.controls import Controls
from workers.contract.kinds.strict import FieldError, Strict

MAX_PREVIEW_SIZE = 512
MAX_SEQ = 2**53 - 1  # more are no exact numbers in JavaScript


class PreviewOutput(Strict):
    """How a preview is written: `size` is its longest side in pixels; a smaller photo is not enlarged."""

    format: Literal["jpeg", "webp"] = "jpeg"
    size: Annotated[int, Field(ge=64, le=MAX_PREVIEW_SIZE)] = MAX_PREVIEW_SIZE


class PreviewFields(Strict):
    """What a preview shows: sliders on the face of a photo, in the whole photo or, without `paste_back`, in its crop.

    `seq` is the client's number of the wish, which comes back with the picture.
    """

    seq: Annotated[int, Field(ge=0, le=MAX_SEQ)]
    face: FaceChoice = "largest"
    bundle: BundleChoice | None = None
    paste_back: bool = True
    controls: Controls = Controls()
    output: PreviewOutput = PreviewOutput()

    @model_validator(mode="after")
    def _is_still(self) -> Self:
        if self.controls.keyframes is not None:
            raise FieldError("controls.keyframes", "make a clip; a preview is a picture: send POST /edit for clips")
        return self

    @property
    def spec(self) -> OutputSpec:
        """How the result is encoded."""
        size: Size = "source" if self.paste_back else self.output.size
        return OutputSpec(self.output.format, self.paste_back, size, label=False)

    @property
    def media_type(self) -> str:
        """Of the result."""
        return STILL_FORMATS[self.output.format]


class PreviewRequest(PreviewFields, SourceRequest):
    """One accepted wish. While it waits, a newer one may take its place."""

    fleeting: ClassVar[bool] = True

    kind: Literal["preview"] = "preview"
