"""What POST /talk takes: a photo that says what an audio file says."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from workers.contract.errors import NoSpeechModelError
from workers.contract.kinds.common import (
    FieldError,
    Gain,
    JobKind,
    OutputSpec,
    Rate,
    RenderOptions,
    RequestFields,
    StoredRequest,
    Strict,
)
from workers.contract.kinds.example_files import MOTION, SOURCE, WAV
from workers.contract.media_type import PICTURE, MediaKind
from workers.contract.presence import Presence

SPEECH_FPS = 25.0
MAX_SEED = 2**32 - 1


class SpeechGains(Strict):
    """How much of the generated motion is taken, part by part; 1 is as much as the model makes, 0 none."""

    head: Gain = 1
    brows: Gain = 1
    blink: Gain = 1
    mouth: Gain = 1


class TalkOptions(RenderOptions):
    """Options of POST /talk.

    Equal `seed`s give equal motions, different ones differ mostly in head, brows and blinks; without one it is drawn
    and named in the result. `samples` motions of as many clips have the seeds `seed`, `seed` + 1 … `temperature` 0 is
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


class TalkFields(RequestFields):
    """What a talking clip's request says apart from its files."""

    kind: Literal["talk"] = "talk"
    options: TalkOptions = TalkOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        self.options.output.check_format("speech makes a clip")
        return self

    @classmethod
    def ensure_supported(cls, presence: Presence) -> None:
        """Raise NoSpeechModelError when the workers' bundle is known to have no speech model."""
        if presence.speaks() is False:
            raise NoSpeechModelError

    def inline_files(self) -> Mapping[str, Any]:
        """Head poses that came inside of the options."""
        return {} if self.options.pose is None else {"pose": self.options.pose}

    @property
    def output(self) -> OutputSpec:
        """How each clip is delivered."""
        return self.options.output_spec(clip=True)


class TalkRequest(TalkFields, StoredRequest):
    """One accepted POST /talk. Speech and head poses lie in the source registry too: `options.pose` is never set."""

    audio_id: str
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
    required=frozenset({"audio"}),
    text_bytes=2**24,  # head poses of two minutes, with everything that /extract writes beside them
)
