"""From a fitted 3DMM to coefficients: the scaled-orthographic camera behind x, y and zoom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.coefficients.rotation import euler_angles

CROP_CM = 32.0
"""Zoom 1 means that the crop is this wide at the head."""


def fit_coefficients(
    expression: ArrayLike, rotation: ArrayLike, scale: ArrayLike, translation: ArrayLike, side: float
) -> NDArray[np.float32]:
    """Coefficients [..., E + 6] of a fit in a square crop of `side` pixels.

    A vertex v (centimetres, y up) of the 3DMM lands at p = scale · rotation · v + translation, which is the pixel
    (p_x, -p_y): expression [..., E] in [0, 1], rotation [..., 3, 3], scale [...] in pixels a centimetre,
    translation [..., 2 or 3] in pixels. x = y = 0 puts the 3DMM's origin at the crop's centre.
    """
    expression, translation = np.asarray(expression, np.float64), np.asarray(translation, np.float64)
    yaw, pitch, roll = euler_angles(rotation)
    x, y = translation[..., 0] / side - 0.5, -translation[..., 1] / side - 0.5
    log_zoom = np.log(np.asarray(scale, np.float64) * CROP_CM / side)
    pose = np.stack([yaw, pitch, roll, x, y, log_zoom], -1)
    return np.concatenate([expression, pose], -1).astype(np.float32)
