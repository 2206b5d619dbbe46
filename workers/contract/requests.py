"""What clients ask for: one model a kind of job, which also is what a worker finds in the queue."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.contract.controls import Controls, FieldError, Strict
from workers.contract.options import (
    CLIP_FORMATS,
    KEYFRAME_FPS,
    STILL_FORMATS,
    EditOptions,
    ExtractOptions,
    Output,
    ReenactOptions,
    TalkOptions,
)
from workers.contract.sniff import MediaKind


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

    @property
    def rate(self) -> float:
        """Frames a second of the clip that keyframes make."""
        return self.options.output.fps or KEYFRAME_FPS


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


class TalkRequest(Request):
    """One accepted POST /talk. Speech and head poses lie in the source registry too: `options.pose` is never set."""

    kind: Literal["talk"] = "talk"
    audio_id: str
    pose_id: str | None = None
    pose_kind: MediaKind = "motion"
    options: TalkOptions = TalkOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        _check_format(self.options.output, "speech makes a clip")
        return self

    @property
    def long(self) -> bool:
        """Always."""
        return True


JobRequest = Annotated[EditRequest | ExtractRequest | ReenactRequest | TalkRequest, Field(discriminator="kind")]


def _check_format(output: Output, clip: str | None) -> None:
    """Raise FieldError for a still's format when `clip` says why a clip is made, for a clip's when it is None."""
    fitting = STILL_FORMATS if clip is None else CLIP_FORMATS
    if output.format is not None and output.format not in fitting:
        raise FieldError(
            "options.output.format",
            f"{clip or 'the result is a picture'}; choose one of {', '.join(fitting)}, not {output.format}",
        )
