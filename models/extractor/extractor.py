"""Detector and regressor behind one door."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.extractor.crop import square_crop
from models.extractor.decode import Candidates, suppress
from models.extractor.detector import Detector
from models.extractor.face import Face
from models.extractor.landmarks import face_box, five_points
from models.extractor.regressor import CROP, Extraction, Regressor

SIZES = (320, 640)
"""Sides, in pixels, at which a picture is searched. The larger is tried where the smaller finds nothing."""

PRESENCE = 0.5
"""Least presence that confirms a candidate."""


class Extractor:
    """Any picture -> faces; a face's crop -> coefficients.

    Args:
        detector, regressor: the bundle's `detector.onnx` and `extractor.onnx`.
        threads: CPU threads of one call; None for one a core.

    Raises:
        BundleError: a file cannot be used.
    """

    def __init__(self, detector: Path, regressor: Path, threads: int | None = None) -> None:
        self._detector, self._regressor = Detector(detector, threads), Regressor(regressor, threads)

    def detect(self, image: np.ndarray) -> list[Face]:
        """Faces of a picture uint8 [H, W, 3] RGB, largest first; empty where there are none."""
        for size in SIZES:
            if faces := self._confirm(image, self._detector.detect(image, size)):
                return sorted(faces, key=lambda face: face.area, reverse=True)
            if max(image.shape[:2]) <= size:  # enlarging shows nothing new
                break
        return []

    def extract(self, crops: np.ndarray) -> Extraction:
        """Coefficients of a crop uint8 [256, 256, 3], from `square_crop(face.box).cut(image, 256)`, or of a batch."""
        return self._regressor.extract(crops)

    def _confirm(self, image: np.ndarray, candidates: list[Face]) -> list[Face]:
        """The candidates in whose crop the regressor sees a face, with box and points from its landmarks.

        The regressor looks closely: it tells faces from texture better than the detector, and places them better.
        """
        if not candidates:
            return []
        crops = [square_crop(face.box) for face in candidates]
        seen = self._regressor.extract(np.stack([crop.cut(image, CROP) for crop in crops]))
        landmarks = [marks * crop.side + (crop.x, crop.y) for marks, crop in zip(seen.landmarks, crops, strict=True)]
        scores = np.sqrt([face.score for face in candidates] * seen.presence)
        sure = np.flatnonzero(seen.presence >= PRESENCE)
        boxes = np.array([face_box(marks) for marks in landmarks])
        points = np.array([five_points(marks) for marks in landmarks], np.float32)
        kept = suppress(Candidates(boxes[sure], scores[sure], points[sure]))
        return [
            Face((float(x0), float(y0), float(x1), float(y1)), float(score), five)
            for (x0, y0, x1, y1), score, five in zip(kept.boxes, kept.scores, kept.points, strict=True)
        ]
