"""What POST /edit takes: sliders, raw coefficients or keyframes for the face in a photo."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from workers.contract.kinds.common import JobKind, OutputSpec, RenderOptions, RequestFields, SourceRequest
from workers.contract.kinds.controls import Controls, check_controls
from workers.contract.kinds.example_files import SOURCE
from workers.contract.kinds.faces_of_photo import MOST_FACES, FaceOfPhoto, check_faces
from workers.contract.media_type import PICTURE
from workers.contract.presence import Presence
from workers.contract.settings import Settings

KEYFRAME_FPS = 25.0


class EditOptions(RenderOptions):
    """Options of POST /edit."""


class FaceEdit(FaceOfPhoto):
    """One face of a photo, and what is to be changed in it."""

    controls: Controls = Controls()


class FaceEdits(RootModel[Annotated[list[FaceEdit], Field(max_length=MOST_FACES, fail_fast=True)]]):
    """Several faces of a photo, each with controls of its own; in place of `controls` and `options.face`."""

    model_config = ConfigDict(strict=True, frozen=True)


class EditFields(RequestFields):
    """What an edit says apart from its photo."""

    kind: Literal["edit"] = "edit"
    controls: Controls = Controls()
    faces: FaceEdits = FaceEdits([])
    options: EditOptions = EditOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        self.options.output.check_format("keyframes make a clip" if self.is_clip else None)
        return self

    @model_validator(mode="after")
    def _faces_fit(self) -> Self:
        check_faces(self.faces.root, self.options, has_controls=self.controls != Controls())
        return self

    def check(self, presence: Presence, settings: Settings) -> list[tuple[str, str]]:
        """Sliders are checked by the bundle's document. Raises NoWorkerYetError before there is one."""
        most_seconds = min(settings.max_clip_seconds, (settings.max_frames - 1) / self.rate)
        sliders = presence.sliders(self.bundle)
        places = [("controls", self.controls)]
        places += [(f"faces.{index}.controls", each.controls) for index, each in enumerate(self.faces.root)]
        return [
            (f"{place}.{field}", message)
            for place, controls in places
            for field, message in check_controls(controls, sliders, most_seconds)
        ]

    @property
    def is_clip(self) -> bool:
        """Whether the result is a clip."""
        return any(controls.keyframes is not None for controls in self.all_controls)

    @property
    def all_controls(self) -> list[Controls]:
        """Of every face that is edited."""
        return [each.controls for each in self.faces.root] or [self.controls]

    @property
    def output(self) -> OutputSpec:
        """How the result is delivered."""
        return self.options.output_spec(clip=self.is_clip)

    @property
    def rate(self) -> float:
        """Frames a second of the clip that keyframes make."""
        return self.options.output.fps or KEYFRAME_FPS


class EditRequest(EditFields, SourceRequest):
    """One accepted POST /edit."""


_EXAMPLES: Mapping[str, Any] = {
    "smile": {
        "summary": "A smile, the head turned a little",
        "value": SOURCE | {"controls": {"expression": {"mouthSmile": 0.7, "jawOpen": 0.1}, "pose": {"yaw": 10}}},
    },
    "wink": {
        "summary": "A wink of the left eye, as WebP",
        "value": SOURCE
        | {
            "controls": {"mode": "absolute", "expression": {"eyeBlinkLeft": 1}},
            "options": {"output": {"format": "webp"}},
        },
    },
    "two faces": {
        "summary": "Two people of one photo: the larger face smiles, the other looks aside",
        "value": SOURCE
        | {
            "faces": [
                {"face": 0, "controls": {"expression": {"mouthSmile": 0.8}}},
                {"face": 1, "controls": {"pose": {"yaw": -15}}},
            ]
        },
    },
    "clip": {
        "summary": "A clip that turns into a smile",
        "value": SOURCE
        | {
            "controls": {
                "keyframes": [{"time": 0}, {"time": 1.2, "expression": {"mouthSmile": 1}, "pose": {"yaw": -15}}]
            }
        },
    },
}

EDIT = JobKind(fields=EditFields, request=EditRequest, files={"source": PICTURE}, examples=_EXAMPLES)
