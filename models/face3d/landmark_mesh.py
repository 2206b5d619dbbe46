"""The 3DMM reduced to the vertices that stand for MediaPipe's landmarks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.coefficients import ARKIT, rotation_matrix
from models.face3d.arrays import read_arrays
from models.face3d.morphable import MADE_BY, MorphableModel
from models.face3d.pose import CROP_CM

EXPRESSIONS = len(ARKIT.expression)


def landmark_vertices(data: Path) -> NDArray[np.int64]:
    """The 3DMM's vertex for each of the 468 face landmarks, from the training data folder. Raises TrainingDataError."""
    return read_arrays(data / "mediapipe_to_ict.npz", ["vertex"], MADE_BY)["vertex"].astype(np.int64)


@dataclass(frozen=True)
class LandmarkMesh:
    """The 3DMM at the vertices that stand for MediaPipe's 468 landmarks: mean [468, 3], identity, expression."""

    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray

    @classmethod
    def load(cls, data: Path) -> LandmarkMesh:
        """From the training data folder's `ict_facekit.npz` and `mediapipe_to_ict.npz`. Raises TrainingDataError."""
        model = MorphableModel.load(data / "ict_facekit.npz")
        vertex = landmark_vertices(data)
        return cls(model.mean[vertex], model.identity[:, vertex], model.expression[:, vertex])

    def digest(self) -> str:
        """A name for these numbers: labels that were fitted with others do not go together."""
        arrays = (self.mean, self.identity, self.expression)
        return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:16]

    def project(self, identity: np.ndarray, coefficients: np.ndarray, size: int) -> np.ndarray:
        """Where the landmarks of P faces lie, pixels [P, 468, 2] of pictures of `size`.

        Args:
            identity: [P, 60]. coefficients: [P, 59].
        """
        yaw, pitch, roll, x, y, log_zoom = coefficients[:, EXPRESSIONS:].astype(np.float64).T
        shape = self.mean + np.tensordot(identity, self.identity, 1)
        shape += np.tensordot(coefficients[:, :EXPRESSIONS], self.expression, 1)
        turned = shape @ rotation_matrix(yaw, pitch, roll).swapaxes(-1, -2)
        scale = np.exp(log_zoom) * size / CROP_CM
        origin = (np.stack([x, y], -1) + 0.5) * size
        return turned[..., :2] * (1, -1) * scale[:, None, None] + origin[:, None]
