"""What POST /talk takes: a photo that says what an audio file says, or that is alive without a word."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from workers.contract.errors import NoSpeechModelError
from workers.contract.kinds.common import (
    Gain,
    JobKind,
    Output,
    OutputSpec,
    Rate,
    RenderOptions,
    RequestFields,
    SourceRequest,
)
from workers.contract.kinds.controls import Direction, check_direction
from workers.contract.kinds.example_files import MOTION, SOURCE, WAV
from workers.contract.kinds.strict import FieldError, Strict
from workers.contract.media_type import PICTURE, MediaKind
from workers.contract.presence import Presence
from workers.contract.settings import Settings

Style = Literal["neutral", "happy", "sad", "serious", "lively"]

SPEECH_FPS = 25.0
MAX_SEED = 2**32 - 1


class SpeechGains(Strict):
    """How much of the generated motion is taken, part by part; 1 is as much as the model makes, 0 none."""

    head: Gain = 1
    brows: Gain = 1
    blink: Gain = 1
    mouth: Gain = 1
    gaze: Gain = 1


class Pad(Strict):
    """Seconds of silence, in sound and face, before and after what is heard."""

    before: float = Field(default=0, ge=0, le=10)
    after: float = Field(default=0, ge=0, le=10)


class TalkOptions(RenderOptions):
    """Options of POST /talk.

    Equal `seed`s give equal motions, different ones differ mostly in head, brows and blinks; without one it is drawn
    and named in the result. `samples` motions of as many clips have the seeds `seed`, `seed` + 1 … `temperature` 0 is
    the most likely motion, 1 the variety of the training data. `pose` is a document of POST /extract: its head poses,
    as they are, replace the generated ones; they begin with the clip, and the last one is held. `fps` is the rate of
    motion and clip, 25 where it is not set.

    `result` motion gives the document of each motion instead of a clip, much sooner, for `POST /reenact` or
    `POST /motions`; it refers to the speech.

    `style` colours face and movement; docs/talk.md says how. `idle` makes a clip of so many seconds without any
    sound: the face is silent and alive. `pad` adds silence to a sound. Every clip begins and ends as the photo is, but
    for `controls` and `pose`, so it can be played in a loop.
    """

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    temperature: float = Field(default=0.7, ge=0, le=1.5)
    samples: int = Field(default=1, ge=1, le=8)
    gains: SpeechGains = SpeechGains()
    style: Style = "neutral"
    idle: float | None = Field(default=None, ge=1, le=120)
    pad: Pad = Pad()
    pose: dict[str, Any] | None = None
    fps: Rate | None = None
    result: Literal["clip", "motion"] = "clip"

    @model_validator(mode="after")
    def _one_result(self) -> Self:
        if self.result == "motion" and self.output != Output(fps=self.output.fps):
            raise FieldError("output", "says how a clip is written; leave out its format and size, or result")
        return self

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if self.fps is not None and self.output.fps is not None and self.fps != self.output.fps:
            raise FieldError("fps", f"is {self.fps:g} here and {self.output.fps:g} in output; give one of the two")
        return self

    @property
    def rate(self) -> float:
        """Frames a second of the clip."""
        return self.fps or self.output.fps or SPEECH_FPS


class TalkFields(RequestFields):
    """What a talking clip's request says apart from its files."""

    kind: Literal["talk"] = "talk"
    audio_kind: MediaKind | None = None
    controls: Direction = Direction()
    options: TalkOptions = TalkOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        self.options.output.check_format("speech makes a clip")
        return self

    @model_validator(mode="after")
    def _one_sound(self) -> Self:
        if not self.has_sound and self.options.idle is None:
            raise FieldError("audio", "is missing; send a sound or a video as a file, or options.idle without one")
        if self.options.idle is not None:
            if self.has_sound:
                raise FieldError("options.idle", "makes a clip without a sound; send it or audio, not both")
            if self.options.pad != Pad():
                raise FieldError("options.pad", "goes with a sound; make idle longer instead")
        return self

    @property
    def has_sound(self) -> bool:
        """Whether a sound came with it."""
        return self.audio_kind is not None

    def check(self, presence: Presence, settings: Settings) -> list[tuple[str, str]]:
        """Sliders on top of the speech are checked by the bundle's document, the length of silence by the settings."""
        faults = check_direction(self.controls, presence, self.bundle, settings)
        most = min(settings.max_clip_seconds, settings.max_frames / self.options.rate)
        if self.options.idle is not None and self.options.idle > most:
            faults.append(("options.idle", f"a clip may last {most:g} s at most at this rate"))
        return faults

    @classmethod
    def ensure_supported(cls, presence: Presence, bundle: str | None) -> None:
        """Raise NoSpeechModelError when the workers' bundle is known to have no speech model."""
        if presence.speaks(bundle) is False:
            raise NoSpeechModelError

    def inline_files(self) -> Mapping[str, Any]:
        """Head poses that came inside of the options."""
        return {} if self.options.pose is None else {"pose": self.options.pose}

    @property
    def output(self) -> OutputSpec:
        """How each clip is delivered."""
        return self.options.output_spec(clip=True)


class TalkRequest(TalkFields, SourceRequest):
    """One accepted POST /talk. Speech and head poses lie in the source registry too: `options.pose` is never set."""

    audio_id: str | None = None
    pose_id: str | None = None
    pose_kind: MediaKind = "motion"

    @model_validator(mode="before")
    @classmethod
    def _without_inline_pose(cls, value: Any) -> Any:
        """A track of coefficients is media: Redis gets its id alone."""
        options = value.get("options") if isinstance(value, dict) else None
        if isinstance(options, TalkOptions) and options.pose is not None:
            return value | {"options": TalkOptions(**dict(options) | {"pose": None})}
        return value

    @property
    def has_sound(self) -> bool:
        """Whether a sound came with it."""
        return self.audio_id is not None

    @property
    def long(self) -> bool:
        """Always."""
        return True


_SPEECH = SOURCE | {"audio": WAV}

_EXAMPLES: Mapping[str, Any] = {
    "talk": {"summary": "The photo says what is heard; the motion is another one every time", "value": _SPEECH},
    "choice": {
        "summary": "Three motions to choose from, repeatable, with a calm head",
        "value": _SPEECH | {"options": {"seed": 7, "samples": 3, "gains": {"head": 0.5}}},
    },
    "directed": {
        "summary": "Happy, with a second of silence around; looks to the side at 2.0 s",
        "value": _SPEECH
        | {
            "controls": {
                "expression": {"mouthSmile": 0.2},
                "keyframes": [{"time": 1.6}, {"time": 2.0, "pose": {"yaw": -12}}, {"time": 2.6}],
            },
            "options": {"style": "happy", "pad": {"before": 0.5, "after": 0.5}},
        },
    },
    "idle": {
        "summary": "No word for six seconds: a living portrait, to be played in a loop",
        "value": SOURCE | {"options": {"idle": 6}},
    },
    "own head": {
        "summary": "Head poses of your own: a document of /extract, or a video in base64",
        "value": _SPEECH | {"pose": MOTION, "options": {"output": {"format": "webm"}}},
    },
}

TALK = JobKind(
    fields=TalkFields,
    request=TalkRequest,
    files={"pose": ("motion", "video"), "source": PICTURE, "audio": ("audio", "video")},
    examples=_EXAMPLES,
    checked_first=("audio", "source"),
    text_bytes=2**24,  # head poses of two minutes, with everything that /extract writes beside them
)
