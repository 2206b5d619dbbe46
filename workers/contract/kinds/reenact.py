"""What POST /reenact takes: a driver's motion on a photo, or on the face in a video."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from workers.contract.kinds.common import Gain, JobKind, RenderOptions, RequestFields, SourceRequest
from workers.contract.kinds.controls import Direction, check_direction
from workers.contract.kinds.example_files import MOTION, MP4, SOURCE
from workers.contract.kinds.faces_of_photo import MOST_FACES, FaceOfPhoto, check_faces
from workers.contract.kinds.strict import FieldError, Strict
from workers.contract.media_type import VISUAL, MediaKind
from workers.contract.presence import Presence
from workers.contract.settings import Settings
from workers.contract.text import ID_LENGTH

DRIVERS: tuple[MediaKind, ...] = ("picture", "video", "motion")


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
    are slow, without delay; 0 leaves it as it is. `sound` is what a clip has: the `driver`'s, which is also that of the
    video that a document was made of (a source video's own, where that has none), the `source` video's, or `none`.
    """

    mode: Literal["relative", "absolute"] = "relative"
    gains: Gains = Gains()
    region: Literal["all", "expression", "pose", "mouth", "eyes"] = "all"
    normalise_crop: bool = True
    reference: Literal["closest", "first", "neutral"] | Annotated[int, Field(ge=0)] = "closest"
    smoothing: float = Field(default=0.5, ge=0, le=1)
    sound: Literal["driver", "source", "none"] = "driver"


class FaceMotion(FaceOfPhoto):
    """One face of a photo that a driver moves: the request's, or one of its own, uploaded before.

    The clip has the times and the sound of the request's driver; another that is shorter holds its last frame.
    """

    driver_id: Annotated[str, Field(max_length=ID_LENGTH)] | None = None
    controls: Direction = Direction()


class FaceMotions(RootModel[Annotated[list[FaceMotion], Field(max_length=MOST_FACES, fail_fast=True)]]):
    """Several faces of a photo, each moved; in place of `controls` and `options.face`."""

    model_config = ConfigDict(strict=True, frozen=True)


class ReenactFields(RequestFields):
    """What a reenactment says apart from its files, and what kinds of files these are."""

    kind: Literal["reenact"] = "reenact"
    source_kind: Literal["picture", "video"] = "picture"
    driver_kind: MediaKind
    controls: Direction = Direction()
    faces: FaceMotions = FaceMotions([])
    options: ReenactOptions = ReenactOptions()

    @model_validator(mode="after")
    def _faces_fit(self) -> Self:
        check_faces(self.faces.root, self.options, has_controls=self.controls != Direction())
        if self.faces.root and self.source_kind == "video":
            raise FieldError("faces", "are of a photo; in a video one face is moved, which options.face chooses")
        return self

    @model_validator(mode="after")
    def _sound_fits(self) -> Self:
        if self.options.sound == "source" and self.source_kind == "picture":
            raise FieldError("options.sound", "a photo has no sound; choose driver or none")
        return self

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
        faults = check_direction(self.controls, presence, self.bundle, settings)
        for index, each in enumerate(self.faces.root):
            found = check_direction(each.controls, presence, self.bundle, settings)
            faults += [(f"faces.{index}.{field}", message) for field, message in found]
        return faults

    def named_files(self) -> Mapping[str, tuple[str, tuple[MediaKind, ...]]]:
        """Drivers of single faces."""
        return {
            f"faces.{index}.driver_id": (each.driver_id, DRIVERS)
            for index, each in enumerate(self.faces.root)
            if each.driver_id is not None
        }


class ReenactRequest(ReenactFields, SourceRequest):
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
    "group": {
        "summary": "Two people of one photo make the driver's motion; the second smiles besides",
        "value": _DRIVER | {"faces": [{"face": 0}, {"face": 1, "controls": {"expression": {"mouthSmile": 0.6}}}]},
    },
    "copy": {
        "summary": "The driver's face and pose as they are, cut to the crop",
        "value": _DRIVER | {"options": {"mode": "absolute", "paste_back": False, "output": {"size": 512, "fps": 25}}},
    },
}

REENACT = JobKind(
    fields=ReenactFields,
    request=ReenactRequest,
    files={"source": VISUAL, "driver": DRIVERS},
    examples=_EXAMPLES,
    checked_first=("driver", "source"),
    required=frozenset({"driver"}),
)
