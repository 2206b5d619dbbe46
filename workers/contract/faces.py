"""The document of POST /faces: every face of a picture, and how well it suits each route."""

from typing import Annotated, Literal

from pydantic import Field

from workers.contract.bundle import BundleIdentity
from workers.contract.contract_model import ContractModel
from workers.contract.warnings import ReportedCode

Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class FacePoints(ContractModel):
    """Five points, x and y in pixels of the upright picture. Left and right are the person's own."""

    left_eye: Point
    right_eye: Point
    nose: Point
    mouth_left: Point
    mouth_right: Point


class FacePose(ContractModel):
    """Degrees, as `controls.pose` counts them, of the face after its `turn`."""

    yaw: float
    pitch: float
    roll: float


class EyesClosed(ContractModel):
    """0 for an eye at rest, 1 where the lids meet. Left and right are the person's own."""

    left: Fraction
    right: Fraction


class RouteVerdict(ContractModel):
    """How well a face suits a route: `good` without a reason, `usable` with one, `poor` with several."""

    verdict: Literal["good", "usable", "poor"]
    reasons: list[ReportedCode] = Field(
        description="Warnings that a job carries in any case, or may carry as soon as it moves the head."
    )


class RouteVerdicts(ContractModel):
    """One for each route. `hidden_side` is a reason only for `reenact` and `talk`: they turn heads by themselves."""

    edit: RouteVerdict
    reenact: RouteVerdict
    talk: RouteVerdict | None = Field(description="Null where the bundle has no speech model.")


class DetectedFace(ContractModel):
    """One face. Places are in pixels of the upright picture, as its EXIF orientation says."""

    index: int = Field(description="What `options.face` takes.")
    box: Annotated[list[float], Field(min_length=4, max_length=4)] = Field(description="x0, y0, x1, y1.")
    score: Fraction = Field(description="How surely it is a face.")
    crop: Annotated[list[float], Field(min_length=4, max_length=4)] = Field(
        description="The square that is edited, x0, y0, x1, y1 in whole pixels: what a result without `paste_back` "
        "shows, and what `pose.x`, `y` and `zoom` refer to. It may reach over the picture's border."
    )
    points: FacePoints
    turn: Literal[0, 90, 180, 270] = Field(description="Degrees counter-clockwise after which the face is upright.")
    pose: FacePose
    size: float = Field(description="Width of the box, in pixels.")
    sharpness: float = Field(description="Share of the contrast that is in the finest details.")
    mouth_open: Fraction = Field(description="How far the lips stand apart, over the mouth's width.")
    eyes_closed: EyesClosed
    warnings: list[ReportedCode] = Field(description="Those that every job on this face carries, whatever it does.")
    verdicts: RouteVerdicts


class Faces(ContractModel):
    """The faces of a picture, largest first; none where it shows none."""

    bundle: BundleIdentity | None = Field(description="What read them.")
    code_version: str | None = Field(default=None, description="Of the code that read them.")
    width: int = Field(description="Of the upright picture, in pixels.")
    height: int = Field(description="Of the upright picture, in pixels.")
    found: int = Field(description="How many faces there are; `faces` has the 32 largest at most.")
    faces: list[DetectedFace]
