"""How far a motion is from rest: an edit of nothing is the photo, and a small edit changes little."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.coefficients.space import CoefficientSpace

_WEIGHT = 0.05
"""Of a slider's range, from which on a change is rendered in full."""

_POSE = (*(math.radians(1.0),) * 3, 0.005, 0.005, 0.01)
"""The same of yaw, pitch, roll, x, y and log zoom: about a pixel of the networks' 256."""

_EXTRA = 0.02
"""The same of numbers that no slider moves."""

_NOTHING = 0.01
"""Of these amounts, what rounding leaves of an edit of nothing."""


def motion_weight(
    space: CoefficientSpace, own: NDArray[np.floating], windows: NDArray[np.floating]
) -> NDArray[np.float32]:
    """How much of N rendered frames is to be shown in place of the source, [N] in [0, 1].

    Exactly 0 where every frame of the window equals the source, 1 from a twentieth of a slider or a degree on, and
    smooth in between.

    Args:
        own: the source's coefficients [C], or [N, C] with one for each frame.
        windows: descriptor windows [N, C, W] of the motion.
    """
    unit = np.full(space.size, _EXTRA)
    unit[: len(space.expression)] = [_WEIGHT * slider.max for slider in space.expression]
    unit[space.pose_start :] = _POSE
    change = (windows - np.atleast_2d(own)[..., None]) / unit[:, None]
    size = np.linalg.norm(change, axis=1).max(-1)
    ramp = np.clip((size - _NOTHING) / (1 - _NOTHING), 0, 1)
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
