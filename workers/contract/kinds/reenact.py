"""What POST /reenact takes: a driver's motion on a photo, or on the face in a video."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from workers.contract.kinds.common import Gain, JobKind, RenderOptions, RequestFields, StoredRequest
from workers.contract.kinds.controls import Direction, check_direction
from workers.contract.kinds.example_files import MOTION, MP4, SOURCE
from workers.contract.kinds.strict import FieldError, Strict
from workers.contract.media_type import VISUAL, MediaKind
from workers.contract.presence import Presence
from workers.contract.settings import Settings


class Gains(Strict):
    """How much of the driver's motion is taken, part by part; 1 is as much as the driver shows, 0 none."""

    expression: Gain = 1
    pose: Gain = 1
    eyes: Gain = 1
    mouth: Gain = 1
    translation: Gain = 1


class ReenactOptions(RenderOptions):
    """Options of POST /reenact.

    `mode` relative adds the driver's change since `reference`, absolute copies the driver's face. The reference is
    `closest`, the driver's most source-like frame: what the driver always shows, a constant smile, is no change then
    and is not added. `neutral` measures against a face at rest, which adds it; `first` and a number name a frame. A
    driver of a single frame has not changed: on a photo it is always copied; on a video, relative adds what it shows
    beyond a neutral face, to every frame. `smoothing` takes the extractor's tremor out of videos, mostly where heads
    are slow, without delay; 0 leaves it as it is.
    """

    mode: Literal["relative", "absolute"] = "relative"
    gains: Gains = Gains()
    region: Literal["all", "expression", "pose", "mouth", "eyes"] = "all"
    normalise_crop: bool = True
    reference: Literal["closest", "first", "neutral"] | Annotated[int, Field(ge=0)] = "closest"
    smoothing: float = Field(default=0.5, ge=0, le=1)


class ReenactFields(RequestFields):
    """What a reenactment says apart from its files, and what kinds of files these are."""

    kind: Literal["reenact"] = "reenact"
    source_kind: Literal["picture", "video"] = "picture"
    driver_kind: MediaKind
    controls: Direction = Direction()
    options: ReenactOptions = ReenactOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        output = self.options.output
        if self.source_kind == "video":
            output.check_format("a video as the source makes a clip")
            if output.fps is not None:
                raise FieldError("options.output.fps", "leave it out: the frames of a video source keep their times")
        elif self.driver_kind != "motion":  # only its content shows how many frames it has
            output.check_format("a video as the driver makes a clip" if self.driver_kind == "video" else None)
        return self

    def check(self, presence: Presence, settings: Settings) -> list[tuple[str, str]]:
        """Sliders on top of the motion are checked by the bundle's document."""
        return check_direction(self.controls, presence, self.bundle, settings)


class ReenactRequest(ReenactFields, StoredRequest):
    """One accepted POST /reenact. The driver lies in the source registry too."""

    driver_id: str

    @property
    def long(self) -> bool:
        """Always."""
        return True


_DRIVER = SOURCE | {"driver": MP4}

_EXAMPLES: Mapping[str, Any] = {
    "talking head": {
        "summary": "All of the driver's motion, added to the photo's own expression and pose",
        "value": _DRIVER,
    },
    "mouth only": {
        "summary": "The driver's mouth alone, a little exaggerated, as WebM",
        "value": _DRIVER
        | {"options": {"region": "mouth", "gains": {"mouth": 1.2}, "smoothing": 0.3, "output": {"format": "webm"}}},
    },
    "directed": {
        "summary": "The driver's motion, with a smile on top that grows from 1.0 to 1.5 seconds",
        "value": _DRIVER
        | {"controls": {"keyframes": [{"time": 1.0}, {"time": 1.5, "expression": {"mouthSmile": 0.6}}]}},
    },
    "clip that smiles": {
        "summary": "A video as the source: what the driver's one frame shows is added to every frame",
        "value": {
            "source": MP4,
            "driver": MOTION,
            "options": {"region": "expression"},
        },
    },
    "copy": {
        "summary": "The driver's face and pose as they are, cut to the crop",
        "value": _DRIVER | {"options": {"mode": "absolute", "paste_back": False, "output": {"size": 512, "fps": 25}}},
    },
}

REENACT = JobKind(
    fields=ReenactFields,
    request=ReenactRequest,
    files={"source": VISUAL, "driver": ("picture", "video", "motion")},
    examples=_EXAMPLES,
    checked_first=("driver", "source"),
    required=frozenset({"driver"}),
)
