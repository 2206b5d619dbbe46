"""One face through a video: found once, then followed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.coefficients.rotation import euler_angles, rotation_matrix
from models.extractor.crop import Crop, square_crop
from models.extractor.distinct import overlap
from models.extractor.extractor import Extractor, face_in
from models.extractor.face import Face, choose_face
from models.extractor.regressor import CROP

KEEP = 0.5
"""Least presence at which a face is followed. Less than it takes to find one, so that a track does not flicker."""

MARGIN = 0.1
"""A face whose box comes this close to its square's border, in sides of the square, gets a new square: the regressor
was trained on faces about as far from the middle."""

SIZES = (0.42, 0.7)
"""Sides of the face box, in sides of the square (0.54 by the crop policy), beyond which it gets a new square."""

TILT = 60.0
"""Degrees of roll beyond which a face gets a square of another quarter turn; well beyond 45, so that it does not go
back and forth."""

REACH = 1.0
"""How far, in sides of its box, a face may have moved while it was out of sight."""

REACH_GROWTH = 0.2
"""By how much `REACH` grows with every frame out of sight, where only one face was ever seen."""

ALIKE = 0.6
"""Least correlation of two frames of a square in a row, seen coarsely, that are of one shot."""

COARSE = 16
"""Side, in pixels, at which frames of a square are compared: a blink or a nod is no cut."""


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """What one frame of a video shows of the tracked face.

    Attributes:
        time: seconds from the first frame.
        face: where it is; None when it is out of sight.
        coefficients: float32 [C]; x, y and log zoom are relative to the first square of the track, whichever square
            the frame was read in. None when the face is out of sight.
        square: the square that the frame was read in: the same from frame to frame, as long as the face fits into it.
            None when the face is out of sight.
        cut: whether the square shows something else than a frame before, as after a cut: perhaps another person.
        landmarks: float32 [478, 2], fractions of `square`; None when the face is out of sight.
    """

    time: float
    face: Face | None
    coefficients: np.ndarray | None
    square: Crop | None
    cut: bool = False
    landmarks: np.ndarray | None = None


class FaceTracker:
    """Follows one face from frame to frame. A tracker is for one video.

    The face is detected once and then read in one fixed square, so that its x, y and zoom are its own motion and not
    the crop's. When it nears the square's border, outgrows it or cannot be seen in it, another square is taken, and
    the pose that is read there is given in the first one.

    Args:
        extractor: finds and reads faces.
        face: "largest" or an index, largest first, in the first frame that shows a face. Afterwards it is followed by
            its place: another that becomes larger does not take over.
    """

    def __init__(self, extractor: Extractor, face: int | Literal["largest"] = "largest") -> None:
        self._extractor, self._chosen = extractor, face
        self._first: Crop | None = None
        self._square: Crop | None = None
        self._last: Face | None = None
        self._lost = 0
        self._alone = True
        self._view: np.ndarray | None = None

    def track(self, frames: Iterable[tuple[float, np.ndarray]]) -> Iterator[TrackedFrame]:
        """Follow the face through frames (seconds, uint8 [H, W, 3] RGB); one `TrackedFrame` each, as they are read.

        Raises:
            FaceIndexError: the first frame with faces has fewer than the index asks for.
        """
        for time, image in frames:
            yield self._follow(time, image)

    def _follow(self, time: float, image: np.ndarray) -> TrackedFrame:
        last = self._square
        seen = self._read(image, last) if last is not None else None
        if seen is not None and _needs_room(seen[0], seen[2]):
            # Its own landmarks place the next square: no search, and no chance of taking another face.
            seen = self._read(image, square_crop(seen[0].box, _straighter(seen[0])))
        if seen is None and (found := self._find(image)) is not None:
            seen = self._read(image, square_crop(found.box, found.turn))
        if seen is None:
            self._square, self._view, self._lost = None, None, self._lost + 1
            return TrackedFrame(time, None, None, None)
        face, coefficients, square, landmarks = seen
        cut = last is not None and self._view is not None and _alike(_view(image, last), self._view) < ALIKE
        self._first = self._first or square
        self._square, self._view, self._last, self._lost = square, _view(image, square), face, 0
        return TrackedFrame(time, face, in_square(coefficients, square, self._first), square, cut, landmarks)

    def _read(self, image: np.ndarray, square: Crop) -> tuple[Face, np.ndarray, Crop, np.ndarray] | None:
        """The face in a square, its coefficients there, the square, its landmarks there; None where there is none."""
        seen = self._extractor.extract(square.cut(image, CROP))
        if seen.presence < KEEP:
            return None
        return face_in(square, seen.landmarks, float(seen.presence)), seen.coefficients, square, seen.landmarks

    def _find(self, image: np.ndarray) -> Face | None:
        faces = self._extractor.detect(image)
        self._alone = self._alone and len(faces) < 2
        if not faces:
            return None
        last = self._last
        if last is None:
            return choose_face(faces, self._chosen, "the first frame with a face")
        reach = REACH + (REACH_GROWTH * self._lost if self._alone else 0)
        nearest = min(faces, key=lambda face: _distance(face, last) - overlap(face, last))
        return nearest if _distance(nearest, last) <= reach else None


def in_square(coefficients: np.ndarray, square: Crop, first: Crop) -> np.ndarray:
    """Coefficients [..., C] read in `square`, with the pose as it would read in the square `first`."""
    result = coefficients.copy()
    pose = coefficients[..., -6:].astype(np.float64)
    result[..., -3:-1] = first.from_picture(square.to_picture(pose[..., 3:5] + 0.5)) - 0.5
    result[..., -1] = pose[..., 5] + math.log(square.side / first.side)
    if square.turn != first.turn:
        turn = rotation_matrix(0.0, 0.0, (square.turn - first.turn) * math.pi / 2)
        rotated = turn @ rotation_matrix(*np.moveaxis(pose[..., :3], -1, 0))
        result[..., -6:-3] = np.stack(euler_angles(rotated), -1)
    return result


def _straighter(face: Face) -> int:
    """The quarter turns that bring a face nearer to upright than its own do, where those have become wrong."""
    return face.turn if abs(face.roll) <= TILT else (face.turn + (1 if face.roll > 0 else -1)) % 4


def _view(image: np.ndarray, square: Crop) -> np.ndarray:
    """What a square shows, coarsely: float [COARSE · COARSE · 3], its mean and spread taken out."""
    pixels = square.cut(image, COARSE).astype(np.float64).ravel()
    return (pixels - pixels.mean()) / (pixels.std() + 1)


def _alike(view: np.ndarray, other: np.ndarray) -> float:
    """The correlation of two views: light that goes on or off changes neither."""
    return float((view * other).mean())


def _needs_room(face: Face, square: Crop) -> bool:
    x0, y0, x1, y1 = face.box
    margin = MARGIN * square.side
    inside = (
        x0 > square.x + margin
        and y0 > square.y + margin
        and x1 < square.x + square.side - margin
        and y1 < square.y + square.side - margin
    )
    return not inside or not SIZES[0] < (x1 - x0) / square.side < SIZES[1] or _straighter(face) != square.turn


def _distance(face: Face, last: Face) -> float:
    """Between two faces' centres, in sides of the last one's box."""
    centre, before = np.add(face.box[:2], face.box[2:]) / 2, np.add(last.box[:2], last.box[2:]) / 2
    return float(np.linalg.norm(centre - before) / math.sqrt(last.area))
