"""What clients ask for: one model a kind of job, which also is what a worker finds in the queue."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.contract.controls import Controls, FieldError, Strict
from workers.contract.sniff import MediaKind

STILL_FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
CLIP_FORMATS = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}
MOTION_FORMATS = {"json": "application/json", "npz": "application/x-npz"}
KEYFRAME_FPS = 25.0

Face = Literal["largest"] | Annotated[int, Field(ge=0, le=999)]
Gain = Annotated[float, Field(ge=0, le=2)]


class Output(Strict):
    """How the result is written.

    `format` unset: png for a still, mp4 for a clip. `fps` unset: 25 for keyframes, the driver's own time stamps for a
    reenactment; set, the motion is sampled anew at that rate. A video that is reenacted keeps its own.
    """

    format: Literal["png", "jpeg", "webp", "mp4", "webm", "gif"] | None = None
    size: Literal["source"] | Annotated[int, Field(ge=64, le=2048)] = "source"
    fps: Annotated[float, Field(ge=1, le=60)] | None = None


class EditOptions(Strict):
    """Options common to all requests that render."""

    face: Face = "largest"
    paste_back: bool = True
    output: Output = Output()
    label: bool = False

    @model_validator(mode="after")
    def _size_fits(self) -> Self:
        if self.paste_back and self.output.size != "source":
            raise FieldError("output.size", "sets the size of the crop; send it together with paste_back false")
        return self


class Gains(Strict):
    """How much of the driver's motion is taken, part by part; 1 is as much as the driver shows, 0 none."""

    expression: Gain = 1
    pose: Gain = 1
    eyes: Gain = 1
    mouth: Gain = 1
    translation: Gain = 1


class ReenactOptions(EditOptions):
    """Options of POST /reenact.

    `mode` relative adds the driver's change since its most source-like frame, absolute copies the driver's face. A
    driver of a single frame has not changed: on a photo it is always copied; on a video, relative adds what it shows
    beyond a neutral face, to every frame. `smoothing` takes the extractor's tremor out of videos, mostly where heads
    are slow, without delay; 0 leaves it as it is.
    """

    mode: Literal["relative", "absolute"] = "relative"
    gains: Gains = Gains()
    region: Literal["all", "expression", "pose", "mouth", "eyes"] = "all"
    normalise_crop: bool = True
    smoothing: float = Field(default=0.5, ge=0, le=1)


class ExtractOptions(Strict):
    """Options of POST /extract. `smoothing` is for videos; 0 gives what each frame shows."""

    face: Face = "largest"
    smoothing: float = Field(default=0, ge=0, le=1)


class Request(Strict):
    """What all requests have; `source_id` names the source in the source registry."""

    source_id: str

    @property
    def long(self) -> bool:
        """Whether it may take minutes, and so lets others go first."""
        return False


class EditRequest(Request):
    """One accepted POST /edit."""

    kind: Literal["edit"] = "edit"
    controls: Controls = Controls()
    options: EditOptions = EditOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        clip = self.controls.keyframes is not None
        _check_format(self.options.output, "keyframes make a clip" if clip else None)
        return self

    @property
    def format(self) -> str:
        """The output format, default filled in."""
        return self.options.output.format or ("png" if self.controls.keyframes is None else "mp4")


class ReenactRequest(Request):
    """One accepted POST /reenact. The driver lies in the source registry too; the kinds are what the bytes are."""

    kind: Literal["reenact"] = "reenact"
    source_kind: Literal["picture", "video"] = "picture"
    driver_id: str
    driver_kind: MediaKind
    options: ReenactOptions = ReenactOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        output = self.options.output
        if self.source_kind == "video":
            _check_format(output, "a video as the source makes a clip")
            if output.fps is not None:
                raise FieldError("options.output.fps", "leave it out: the frames of a video source keep their times")
        elif self.driver_kind != "motion":  # only its content tells how many frames it has
            _check_format(output, "a video as the driver makes a clip" if self.driver_kind == "video" else None)
        return self

    @property
    def long(self) -> bool:
        """Always."""
        return True


class ExtractRequest(Request):
    """One accepted POST /extract; `format` is how the coefficients are written."""

    kind: Literal["extract"] = "extract"
    source_kind: Literal["picture", "video"] = "picture"
    format: Literal["json", "npz"] = "json"
    options: ExtractOptions = ExtractOptions()

    @property
    def long(self) -> bool:
        """For videos."""
        return self.source_kind == "video"


JobRequest = Annotated[EditRequest | ExtractRequest | ReenactRequest, Field(discriminator="kind")]


def _check_format(output: Output, clip: str | None) -> None:
    """Raise FieldError for a still's format when `clip` says why a clip is made, for a clip's when it is None."""
    fitting = STILL_FORMATS if clip is None else CLIP_FORMATS
    if output.format is not None and output.format not in fitting:
        raise FieldError(
            "options.output.format",
            f"{clip or 'the result is a picture'}; choose one of {', '.join(fitting)}, not {output.format}",
        )
