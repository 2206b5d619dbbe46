"""What the detector says about one face, and which of several is meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from models.errors import FaceIndexError, NoFaceError
from models.extractor.crop import Box

AnyFace = TypeVar("AnyFace")

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
        turn: quarter turns counter-clockwise, 0 to 3, after which the face is upright.
        mirror_error: how far landmarks read in a mirror lie from these, in heights of the face: it grows where there is
            no face, or one in another orientation.
    """

    box: Box
    score: float
    points: np.ndarray
    turn: int = 0
    mirror_error: float = 0.0

    @property
    def area(self) -> float:
        """Pixels inside the box."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * (y1 - y0)

    @property
    def roll(self) -> float:
        """Degrees by which the head is tilted clockwise after its turn, -180 to 180."""
        (x, y), _, mouth = self.points[:2].mean(0), self.points[2], self.points[3:].mean(0)
        tilt = math.degrees(math.atan2(x - mouth[0], mouth[1] - y)) - 90 * self.turn
        return (tilt + 180) % 360 - 180


def choose_face(
    faces: Sequence[AnyFace], face: int | Literal["largest"], where: str, field: str = "options.face"
) -> AnyFace:
    """The face that a request means.

    Args:
        faces: largest first.
        face: "largest", or an index counted from the largest.
        where: what shows them, for the message.
        field: of the request, which names it.

    Raises:
        NoFaceError: there is none.
        FaceIndexError: there are fewer faces than the index asks for.
    """
    if not faces:
        raise NoFaceError(
            "No face was found in any orientation. Send a picture of an unobstructed face, at least 40 pixels wide."
        )
    index = 0 if face == "largest" else face
    if not 0 <= index < len(faces):
        raise FaceIndexError(
            f"{field} is {index}, but {where} shows {len(faces)} face(s): use 0 to {len(faces) - 1}.",
            field=field,
        )
    return faces[index]
