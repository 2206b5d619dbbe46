"""Heads turned far: from the front to the side, and from the side to the front, read back by an outside judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from evaluation.measures import turn
from evaluation.photos import Photo
from evaluation.renderer.geometry import Geometry
from models.coefficients import apply_controls, euler_angles
from models.coefficients.controls import Mode
from models.errors import NoFaceError
from models.extractor import CROP, Crop
from models.face3d.fitting import fit_photo
from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.pose import HeadPose
from models.portrait import PortraitEditor, Source
from models.renderer.layers.head_sheet import HAIR
from models.renderer.layers.skull import skull

TURN = 25.0
ASIDE = (20.0, 30.0, 40.0)
"""Degrees from the front that the pair generator turns a photo by, to either side, before it is turned back."""

TOLERANCE = 4.0
SHOULDERS = 8.0
"""Centimetres below the head's middle at which a body begins: below, no pixel counts as background."""

Pixels = NDArray[np.uint8]


class Readers(Protocol):
    """Reads all faces in a picture [H, W, 3] uint8 RGB."""

    def faces(self, picture: Pixels) -> Sequence[FaceReading]: ...


@dataclass(frozen=True)
class TurnOutcome:
    """One head that was turned; degrees, None where the judge found no face.

    Attributes:
        requested: the yaw to be seen afterwards, counted from `before`.
        faces: how many the judge found.
        turned: by the judge's own rotation of a head.
        fitted: by the 3DMM, which says what a degree is, fitted to the judge's landmarks.
        known: by the judge's own rotation, in the pair generator's picture turned as far; None for a face that is
            turned to the front.
        unchanged: fraction of the background's pixels, farther from the head than hair reaches, that are the photo's.
    """

    photo: int
    requested: float
    faces: int
    turned: float | None
    fitted: float | None
    known: float | None
    unchanged: float

    @property
    def is_met(self) -> bool:
        """One face, turned as requested."""
        return self.faces == 1 and self.fitted is not None and abs(self.fitted - self.requested) <= TOLERANCE


@dataclass(frozen=True)
class TurnsResult:
    """`turned` from the photo's pose by `TURN`; `fronts`: from the side to 0°. Photo -> why it was not measured."""

    turned: list[TurnOutcome] = field(default_factory=list)
    fronts: list[TurnOutcome] = field(default_factory=list)
    unmeasured: dict[int, str] = field(default_factory=dict)


def evaluate_turns(
    editor: PortraitEditor, judge: Readers, geometry: Geometry, mesh: LandmarkMesh, photos: Iterable[Photo]
) -> TurnsResult:
    """Turn every photo to both sides, and turned pictures of it, which the pair generator makes, to the front."""
    result = TurnsResult()
    for photo in photos:
        try:
            source = editor.analyse(photo.picture)
        except NoFaceError:
            result.unmeasured[photo.number] = "our detector finds no face in the photo"
            continue
        before = judge.faces(photo.picture)
        if len(before) != 1:
            result.unmeasured[photo.number] = f"the judge finds {len(before)} faces in the photo"
            continue
        turning = _Turning(editor, judge, geometry, mesh, photo)
        result.turned.extend(turning.aside(source, before[0], degrees) for degrees in (TURN, -TURN))
        degrees = ASIDE[photo.number % len(ASIDE)]
        result.fronts.extend(turning.front(side * degrees) for side in (1, -1) if turning.is_seen(side * degrees))
    return result


class _Turning:
    """The edits of one photo."""

    def __init__(
        self, editor: PortraitEditor, judge: Readers, geometry: Geometry, mesh: LandmarkMesh, photo: Photo
    ) -> None:
        self._editor, self._judge, self._geometry, self._mesh, self._photo = editor, judge, geometry, mesh, photo
        square = Crop(0, 0, len(photo.picture))
        self._crop, self._own = square.cut(photo.picture, CROP), geometry.own(photo.number, square)

    def aside(self, source: Source, before: FaceReading, degrees: float) -> TurnOutcome:
        picture = self._edited(source, degrees, "relative")
        after, known = self._judge.faces(picture), self._judge.faces(self._turned(degrees, "relative"))
        return TurnOutcome(
            self._photo.number,
            degrees,
            len(after),
            turn(before.rotation, after[0].rotation)[0] if after else None,
            self._yaw(after[0]) - self._yaw(before) if after else None,
            turn(before.rotation, known[0].rotation)[0] if known else None,
            unchanged(source, picture),
        )

    def is_seen(self, degrees: float) -> bool:
        """Whether the turned picture of the photo shows a face at all."""
        picture = self._turned(degrees, "absolute")
        try:
            self._editor.analyse(picture)
        except NoFaceError:
            return False
        return len(self._judge.faces(picture)) == 1

    def front(self, degrees: float) -> TurnOutcome:
        source = self._editor.analyse(self._turned(degrees, "absolute"))
        picture = self._edited(source, 0.0, "absolute")
        after = self._judge.faces(picture)
        return TurnOutcome(
            self._photo.number,
            0.0,
            len(after),
            float(np.degrees(euler_angles(after[0].rotation)[0])) if after else None,
            self._yaw(after[0]) if after else None,
            None,
            unchanged(source, picture),
        )

    def _turned(self, degrees: float, mode: Mode) -> Pixels:
        """The photo as the pair generator turns it."""
        requested = apply_controls(self._editor.space, self._own, mode=mode, pose={"yaw": degrees})
        return self._geometry.retarget(self._photo.number, self._crop, self._own, requested).picture

    def _edited(self, source: Source, degrees: float, mode: Mode) -> Pixels:
        requested = apply_controls(self._editor.space, source.coefficients, mode=mode, pose={"yaw": degrees})
        return next(iter(self._editor.render(source, requested[None])))

    def _yaw(self, reading: FaceReading) -> float:
        pose = fit_photo(self._mesh, reading.landmarks, reading.scores)[1].pose
        return float(np.degrees(euler_angles(pose.rotation)[0]))


def unchanged(source: Source, picture: Pixels) -> float:
    """The fraction of a photo's background, where a pasted picture may have changed it, that is as it was."""
    side = source.crop.side
    pose = HeadPose.from_coefficients(source.coefficients[-6:], side)
    columns, rows = np.meshgrid(np.arange(side), np.arange(side))
    points = np.stack([columns, rows], -1).reshape(-1, 2).astype(np.float32)
    is_far = (skull(pose, points)[0] > HAIR) & (points[:, 1] < -pose.translation[1] + SHOULDERS * pose.scale)
    before, after = source.crop.cut(source.image, side), source.crop.cut(picture, side)
    same = (before == after).all(-1).ravel()[is_far]
    return float(same.mean()) if len(same) else 1.0
