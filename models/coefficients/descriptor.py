"""The motion descriptor: each frame's coefficients with those of its neighbours (paper 3.1, eq. 1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.coefficients.lazy_motion import LazyMotion


def descriptor_windows(
    motion: NDArray[np.float32] | LazyMotion, radius: int, frames: range | None = None
) -> NDArray[np.float32]:
    """Windows [T, C, 2·radius + 1] of a motion [T, C]: frames i - radius … i + radius, edge frames repeated.

    The window lets the mapping network average out extraction noise. A still is a motion of one frame. `frames` asks
    for the windows of some frames only: those of a long clip would fill the memory.
    """
    chosen = np.asarray(range(len(motion)) if frames is None else frames, np.intp)
    window = chosen[:, None] + np.arange(-radius, radius + 1)
    return np.ascontiguousarray(motion[np.clip(window, 0, len(motion) - 1)].transpose(0, 2, 1))
