"""Detector and regressor behind one door."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.extractor.crop import square_crop
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

LOOKS = 2
"""How often a candidate is looked at, each time in the crop that the last look's landmarks ask for."""

SMALLEST = 20.0
"""Side, in pixels of the picture, of the smallest face that is reported: less holds no expression to edit."""


class Extractor:
    """Any picture -> faces; a face's crop -> coefficients.

    Args:
        detector, regressor: the bundle's `detector.onnx` and `extractor.onnx`.
        threads: CPU threads of one call; None for `models.runtime.thread_count`.

    Raises:
        BundleError: a file cannot be used.
    """

    def __init__(self, detector: Path, regressor: Path, threads: int | None = None) -> None:
        self._detector, self._regressor = Detector(detector, threads), Regressor(regressor, threads)

    def detect(self, image: np.ndarray) -> list[Face]:
        """Faces of a picture uint8 [H, W, 3] RGB, largest first; empty where there are none."""
        for size in SIZES:
            if size > max(SIZES[0], *image.shape[:2]):  # enlarging shows nothing new
                continue
            if faces := self._confirm(image, self._detector.detect(image, size)):
                return sorted(faces, key=lambda face: face.area, reverse=True)
        return []

    def extract(self, crops: np.ndarray) -> Extraction:
        """Coefficients of a crop uint8 [256, 256, 3], from `square_crop(face.box).cut(image, 256)`, or of a batch."""
        return self._regressor.extract(crops)

    def _confirm(self, image: np.ndarray, candidates: list[Face]) -> list[Face]:
        """The candidates in which the regressor sees a face, with its box, score and points, without duplicates.

        The regressor looks closely: it tells faces from texture better than the detector, and places them better. The
        second look tells most: a true face is then well placed, and texture seldom convinces twice.
        """
        for _ in range(LOOKS):
            candidates = self._look(image, candidates)
        return distinct(candidates)

    def _look(self, image: np.ndarray, candidates: list[Face]) -> list[Face]:
        if not candidates:
            return []
        crops = [square_crop(face.box) for face in candidates]
        seen = self._regressor.glance(np.stack([crop.cut(image, CROP) for crop in crops]))
        faces = []
        for crop, landmarks, presence in zip(crops, seen.landmarks, seen.presence, strict=True):
            placed = landmarks * crop.side + (crop.x, crop.y)
            face = Face(face_box(placed), float(presence), five_points(placed).astype(np.float32))
            if presence >= PRESENCE and face.box[2] - face.box[0] >= SMALLEST:
                faces.append(face)
        return faces
