"""What the detector says about one face, and which of several is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.errors import FaceIndexError
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


def choose_face(faces: Sequence[Face], face: int | Literal["largest"], where: str) -> Face:
    """The face that a request means.

    Args:
        faces: at least one, largest first.
        face: "largest", or an index counted from the largest.
        where: what shows them, for the message.

    Raises:
        FaceIndexError: there are fewer faces than the index asks for.
    """
    index = 0 if face == "largest" else face
    if not 0 <= index < len(faces):
        raise FaceIndexError(
            f"options.face is {index}, but {where} shows {len(faces)} face(s): use 0 to {len(faces) - 1}.",
            field="options.face",
        )
    return faces[index]
