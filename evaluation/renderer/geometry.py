"""The pair generator's own warp: what the 3DMM's known flow makes of a crop, without networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.portraits import PhotoWindow, Portraits, coefficients
from models.coefficients import ARKIT, constrain
from models.extractor import CROP, Crop
from models.face3d.head import Head
from models.face3d.heads import MeshModel
from models.face3d.morphable import MorphableModel
from models.face3d.pose import HeadPose
from models.face3d.retarget import Retargeted, retarget

_COUNT = len(ARKIT.expression)
Pixels = NDArray[np.uint8]


class Geometry:
    """The fitted 3DMM of every portrait.

    Args:
        data: the training data folder; `ict_facekit.npz` and the portraits' fits are read.

    Raises:
        TrainingDataError: the 3DMM is missing.
    """

    def __init__(self, data: Path, portraits: Portraits) -> None:
        self._model, self._portraits = MorphableModel.load(data / "ict_facekit.npz"), portraits
        self._mesh = MeshModel.of(self._model, "cpu")

    def own(self, photo: int, square: Crop) -> NDArray[np.float32]:
        """The fit's own coefficients [59] of a portrait in a square of it."""
        face = self._portraits.face(photo, self._model, PhotoWindow(square.x, square.y, square.side), CROP)
        return constrain(ARKIT, coefficients(face, CROP))

    def retarget(
        self, photo: int, crop: Pixels, own: NDArray[np.float32], requested: NDArray[np.float32]
    ) -> Retargeted:
        """A portrait's crop [256, 256, 3] moved by its mesh from coefficients `own` [59] to `requested` [59]."""
        person = self._model.person(self._portraits.identity[photo])
        return retarget(self._mesh, crop, _face(person, own), _face(person, requested))


def _face(person: NDArray[np.float32], vector: NDArray[np.float32]) -> Head:
    return Head(person, vector[:_COUNT], HeadPose.from_coefficients(vector[_COUNT:], CROP))
