"""What clients read besides jobs: events, the sliders, and the coefficients of a photo or video."""

from typing import Annotated, Any, Literal

from pydantic import Field

from workers.contract.bundle import BundleIdentity, ServedBundle
from workers.contract.contract_model import ContractModel
from workers.contract.jobs import Job

_JOB_TEXT: dict[str, Any] = {
    "contentMediaType": "application/json",
    "contentSchema": {"$ref": f"#/components/schemas/{Job.__name__}"},
}


class JobEvent(ContractModel):
    """A server-sent event, field by field; `data` is the job as JSON."""

    event: Literal["progress", "done"]
    id: str
    data: Annotated[str, Field(json_schema_extra=_JOB_TEXT)]


class SliderDocument(ContractModel):
    """An expression slider; `index` is its place in `coefficients`, `side` the person's own."""

    name: str
    index: int
    group: str
    side: Literal["left", "right"] | None
    min: float
    max: float
    description: str
    weakly_observed: bool = Field(description="Seldom seen in the photos of the training; expect less of it.")


class PoseAxisDocument(ContractModel):
    """A pose slider: degrees, fractions of the crop, or a factor."""

    name: str
    unit: str
    min: float
    max: float


class PresetDocument(ContractModel):
    """A ready setting of sliders, to be sent as `controls`."""

    mode: Literal["relative", "absolute"]
    expression: dict[str, float] = Field(default={})
    pose: dict[str, float] = Field(default={})


class Sliders(ContractModel):
    """What can be edited with a bundle."""

    space: str = Field(description="What the coefficients mean: `arkit`, or `bfm` for the authors' checkpoints.")
    bundle: BundleIdentity
    coefficients: int = Field(description="How many numbers `controls.coefficients` takes.")
    expression: list[SliderDocument]
    shorthands: dict[str, list[str]] = Field(description="Names that move both sides at once.")
    pose: list[PoseAxisDocument]
    presets: dict[str, PresetDocument]


class FaceDocument(ContractModel):
    """Where the face was seen: x0, y0, x1, y1 in pixels, and how surely."""

    box: Annotated[list[float], Field(min_length=4, max_length=4)]
    score: float | None


class MotionFrameDocument(ContractModel):
    """One frame; `face` is null where it was out of sight and the coefficients are bridged."""

    time: float = Field(description="Seconds since the first frame.")
    face: FaceDocument | None
    expression: dict[str, float]
    pose: dict[str, float] = Field(description="Degrees, fractions of the crop and a factor.")
    coefficients: list[float] = Field(description="The same as raw numbers, rotations in radians.")
    landmarks: list[Annotated[list[float], Field(min_length=2, max_length=2)]] | None = Field(
        default=None,
        description="With the option `landmarks`: MediaPipe's 478, x and y in pixels of the upright picture; null "
        "where the face was out of sight.",
    )


class MotionSound(ContractModel):
    """Where the sound of a motion is; `POST /reenact` plays it while it is there."""

    source_id: str = Field(description="What has it: an upload, or a stored motion. It lives as long as that does.")
    offset_s: float = Field(default=0, description="Seconds of it at time 0; below 0: silence first.")
    clock: str = Field(
        default="picture",
        description="What these count from: `picture`, the first one of a video, or `sound`, the first sample.",
    )


class MotionDocument(ContractModel):
    """The coefficients of a photo or of every frame of a video, to be changed and sent back."""

    space: str
    bundle: BundleIdentity | None = Field(description="What read them.")
    code_version: str | None = Field(default=None, description="Of the code that read them.")
    names: list[str] = Field(description="Of the `coefficients`, in order.")
    fps: float | None = Field(description="Null for a photo.")
    sound: MotionSound | None = Field(default=None, description="What is heard with it; null where nothing is.")
    frames: list[MotionFrameDocument]


class BundleList(ContractModel):
    """The bundles that requests may name, the one that most workers have first."""

    bundles: list[ServedBundle]


class JobList(ContractModel):
    """A page of jobs, newest first."""

    jobs: list[Job]
    next_cursor: str | None = Field(description="Gives the next page as `cursor`; null on the last one.")
