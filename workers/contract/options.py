"""`options` of a request: one model a kind of job."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from workers.contract.controls import FieldError, Strict

STILL_FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
CLIP_FORMATS = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}
MOTION_FORMATS = {"json": "application/json", "npz": "application/x-npz"}
KEYFRAME_FPS = 25.0
SPEECH_FPS = 25.0
MAX_SEED = 2**32 - 1

Face = Literal["largest"] | Annotated[int, Field(ge=0, le=999)]
Gain = Annotated[float, Field(ge=0, le=2)]
Rate = Annotated[float, Field(ge=1, le=60)]


class Output(Strict):
    """How the result is written.

    `format` unset: png for a still, mp4 for a clip. `fps` unset: 25 for keyframes, the driver's own time stamps for a
    reenactment; set, the motion is sampled anew at that rate. A video that is reenacted keeps its own. Of a talking
    clip it is the same as `fps` beside it.
    """

    format: Literal["png", "jpeg", "webp", "mp4", "webm", "gif"] | None = None
    size: Literal["source"] | Annotated[int, Field(ge=64, le=2048)] = "source"
    fps: Rate | None = None


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


class SpeechGains(Strict):
    """How much of the generated motion is taken, part by part; 1 is as much as the model makes, 0 none."""

    head: Gain = 1
    brows: Gain = 1
    blink: Gain = 1
    mouth: Gain = 1


class TalkOptions(EditOptions):
    """Options of POST /talk.

    Equal `seed`s give equal motions, different ones differ mostly in head, brows and blinks; without one it is drawn
    and told in the result. `samples` motions of as many clips have the seeds `seed`, `seed` + 1 … `temperature` 0 gives
    the most likely motion, 1 the variety of the training data. `pose` is a document of POST /extract: its head poses,
    as they are, replace the generated ones; they begin with the speech, and the last one is held. `fps` is the rate of
    motion and clip, 25 where it is not set.
    """

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    temperature: float = Field(default=0.7, ge=0, le=1.5)
    samples: int = Field(default=1, ge=1, le=8)
    gains: SpeechGains = SpeechGains()
    pose: dict[str, Any] | None = None
    fps: Rate | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if self.fps is not None and self.output.fps is not None and self.fps != self.output.fps:
            raise FieldError("fps", f"is {self.fps:g} here and {self.output.fps:g} in output; give one of the two")
        return self

    @property
    def rate(self) -> float:
        """Frames a second of the clip."""
        return self.fps or self.output.fps or SPEECH_FPS


class ExtractOptions(Strict):
    """Options of POST /extract. `smoothing` is for videos; 0 gives what each frame shows."""

    face: Face = "largest"
    smoothing: float = Field(default=0, ge=0, le=1)
