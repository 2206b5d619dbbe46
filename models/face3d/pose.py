"""The scaled-orthographic pose of a fitted head, and how it moves between windows and coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.coefficients import euler_angles, rotation_matrix

CROP_CM = 32.0  # what the crop spans at the head when zoom is 1


@dataclass(frozen=True)
class HeadPose:
    """A vertex v (centimetres) lands at `scale · rotation v + translation`: pixels, y up, the picture's corner at 0.

    Attributes:
        scale: pixels a centimetre.
        rotation: float64 [3, 3], y-up camera axes.
        translation: float64 [3], pixels, y up: the picture's y is its negative.
    """

    scale: float
    rotation: np.ndarray
    translation: np.ndarray

    def in_window(self, x: float, y: float, side: float, size: int) -> HeadPose:
        """The same head seen in the window at (x, y) with `side` pixels, resized to `size` pixels."""
        zoom = size / side
        return HeadPose(self.scale * zoom, self.rotation, (self.translation + np.array([-x, y, 0])) * zoom)

    def coefficients(self, size: int) -> np.ndarray:
        """yaw, pitch, roll (radians), x, y (fraction of the crop), log zoom; float64 [6]."""
        x, y = self.translation[0] / size - 0.5, -self.translation[1] / size - 0.5
        return np.array([*euler_angles(self.rotation), x, y, np.log(self.scale * CROP_CM / size)])

    @classmethod
    def from_coefficients(cls, pose: np.ndarray, size: int, depth: float = 0.0) -> HeadPose:
        """The head that yaw, pitch, roll, x, y, log zoom [6] describe, in a picture of `size` pixels.

        Inverse of `coefficients`. `depth` is the translation along z, which no picture shows."""
        yaw, pitch, roll, x, y, log_zoom = (float(value) for value in pose)
        return cls(
            scale=float(np.exp(log_zoom)) * size / CROP_CM,
            rotation=rotation_matrix(yaw, pitch, roll),
            translation=np.array([(x + 0.5) * size, -(y + 0.5) * size, depth]),
        )
