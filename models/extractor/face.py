"""What the detector says about one face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.extractor.crop import Box

POINTS = (
    "eye on the picture's left",
    "eye on the picture's right",
    "tip of the nose",
    "left mouth corner",
    "right mouth corner",
)
"""The five points, left and right being the picture's for an upright face."""


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face.

    Attributes:
        box: the tight square around the face's landmarks (brow line to chin, no hair), in pixels of the whole picture.
        score: confidence in (0, 1): of a candidate the detector's, of a confirmed face the regressor's.
        points: float32 [5, 2], pixels, in the order of `POINTS`.
    """

    box: Box
    score: float
    points: np.ndarray

    @property
    def area(self) -> float:
        """Pixels inside the box."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * (y1 - y0)
