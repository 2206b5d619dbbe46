"""Detector and regressor behind one door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.extractor.crop import Crop, square_crop, turned_back
from models.extractor.detector import Detector
from models.extractor.distinct import distinct
from models.extractor.face import Face
from models.extractor.landmarks import face_box, five_points
from models.extractor.regressor import CROP, Extraction, Regressor

SIZES = (320, 160, 640)
"""Sides, in pixels, at which a picture is searched until a face is found: for most, frame-filling and small faces."""

PRESENCE = 0.995
"""Least presence that confirms a candidate: faces of 600 training photos had above 0.997, and of 375 candidates in
face-free training pictures one had more than this."""

SURE, WORST = 0.009, 0.03
"""Mirror errors below which a face is upright beyond doubt, and above which it is none. Of 770 upright faces of
training photos, tilted by up to 30 degrees, 94 % had less than the first and none had more than the second; of 158 that
the regressor took for upright in photos turned by 60 to 300 degrees the least had 0.0126."""

STEEPEST = 50.0
"""Degrees of roll beyond which another quarter turn shows the head straighter."""

BYSTANDER = 1 / 3
"""Of the largest face's side: a candidate with less is a bystander, whom nobody means who asks for any one face."""

SMALLEST = 20.0
"""Side, in pixels of the picture, of the smallest face that is reported: less holds no expression to edit."""


class Extractor:
    """Any picture -> faces; a face's crop -> coefficients.

    Args:
        detector, regressor: the bundle's `detector.onnx` and `extractor.onnx`.
        threads: CPU threads of one call; None for `models.runtime.thread_count`.
        device: as of `PortraitEditor.load`: "cpu" stays off every GPU, "cuda:1" is that one.

    Raises:
        BundleError: a file cannot be used.
    """

    def __init__(self, detector: Path, regressor: Path, threads: int | None = None, device: str = "auto") -> None:
        self._detector = Detector(detector, threads, device)
        self._regressor = Regressor(regressor, threads, device)

    def detect(self, image: np.ndarray, *, every: bool = False) -> list[Face]:
        """Faces of a picture uint8 [H, W, 3] RGB in any orientation, largest first; empty where there are none.

        A picture whose faces are upright beyond doubt is searched once; any other in its four quarter turns, and of
        what is seen at one place in several turns the likeliest is taken.

        Args:
            image: the picture.
            every: search at all `SIZES`. Otherwise the first that shows a face is the last, and bystanders of the
                largest face are not looked at: fast, and enough where any one face will do.
        """
        faces = self._search(image, 0, every)
        if not faces or any(_doubtful(face) for face in faces):
            for turn in (1, 2, 3):
                faces += self._search(image, turn, every)
            faces = _likeliest(faces)
        return sorted(faces, key=lambda face: face.area, reverse=True)

    def extract(self, crops: np.ndarray) -> Extraction:
        """Coefficients of a crop uint8 [256, 256, 3], from `square_crop(face.box).cut(image, 256)`, or of a batch."""
        return self._regressor.extract(crops)

    def _search(self, image: np.ndarray, turn: int, every: bool) -> list[Face]:
        """Faces that are upright after some quarter turns, at the first size that shows any, or at every size."""
        found: list[Face] = []
        height, width = image.shape[:2]
        turned = np.ascontiguousarray(np.rot90(image, turn))
        for size in SIZES:
            if size > max(SIZES[0], height, width):  # enlarging shows nothing new
                continue
            candidates = [square_crop(face.box) for face in self._detector.detect(turned, size)]
            crops = [_turned_crop(crop, (width, height), turn) for crop in candidates]
            found += self._confirm(image, self._glanced(image, crops, every))
            if found and not every:
                return found
        return distinct(found)

    def _glanced(self, image: np.ndarray, crops: list[Crop], every: bool) -> list[Face]:
        """Faces in these crops at a first look; unless all are wanted, without bystanders of the largest."""
        if every:
            return self._look(self._regressor.glance, image, crops)
        crops = sorted(crops, key=lambda crop: crop.side, reverse=True)
        for place, crop in enumerate(crops, 1):
            if largest := self._look(self._regressor.glance, image, [crop]):
                others = [other for other in crops[place:] if other.side >= BYSTANDER * crop.side]
                return largest + self._look(self._regressor.glance, image, others)
        return []

    def _confirm(self, image: np.ndarray, faces: list[Face]) -> list[Face]:
        """Those of the faces that a second look sees too, with its box, score and points, without duplicates.

        The regressor looks closely: it tells faces from texture better than the detector, and places them better. The
        second look tells most: a true face is then well placed, and texture seldom convinces twice, nor does it look
        the same in a mirror.
        """
        faces = self._look(self._regressor.extract, image, [square_crop(face.box, face.turn) for face in faces])
        return distinct([face for face in faces if face.mirror_error <= WORST])

    def _look(self, read: Callable[[np.ndarray], Extraction], image: np.ndarray, crops: list[Crop]) -> list[Face]:
        """The faces that the regressor sees in the middle of crops."""
        return _seen(crops, read(np.stack([crop.cut(image, CROP) for crop in crops]))) if crops else []


def face_in(crop: Crop, landmarks: np.ndarray, presence: float, mirror_error: float = 0.0) -> Face:
    """The face that the regressor sees in a crop; landmarks [478, 2] in fractions of it."""
    placed = crop.to_picture(landmarks)
    points = five_points(placed).astype(np.float32)
    return Face(face_box(placed), float(presence), points, crop.turn, float(mirror_error))


def _seen(crops: list[Crop], seen: Extraction) -> list[Face]:
    errors = np.zeros(len(crops)) if seen.mirror_error is None else seen.mirror_error
    faces = [face_in(*row) for row in zip(crops, seen.landmarks, seen.presence, errors, strict=True)]
    return [face for face in faces if face.score >= PRESENCE and face.box[2] - face.box[0] >= SMALLEST]


def _turned_crop(crop: Crop, size: tuple[int, int], turn: int) -> Crop:
    """A crop of a picture that was turned, in the picture of that size [width, height] before."""
    corners = np.array([[crop.x, crop.y], [crop.x + crop.side, crop.y + crop.side]])
    x, y = turned_back(corners, size, turn).min(0)
    return Crop(int(x), int(y), crop.side, turn)


def _doubtful(face: Face) -> bool:
    return face.mirror_error > SURE or abs(face.roll) > STEEPEST


def _likeliest(faces: list[Face]) -> list[Face]:
    """Of faces at one place in several turns, the one that a mirror confirms best, with the straighter head first."""
    rest = sorted(faces, key=lambda face: (abs(face.roll) > STEEPEST, face.mirror_error))
    kept: list[Face] = []
    for face in rest:
        if not any(face.turn != other.turn and (_covers(face, other) or _covers(other, face)) for other in kept):
            kept.append(face)
    return kept


def _covers(face: Face, other: Face) -> bool:
    """Whether a face's box holds the centre of another's."""
    x0, y0, x1, y1 = face.box
    x, y = (other.box[0] + other.box[2]) / 2, (other.box[1] + other.box[3]) / 2
    return x0 < x < x1 and y0 < y < y1
