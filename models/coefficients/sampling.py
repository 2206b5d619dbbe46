"""A motion at other times than its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ROTATION = slice(-6, -3)  # every space ends with yaw, pitch, roll, x, y, log zoom


def sample(
    times: NDArray[np.float64] | Sequence[float], motion: NDArray[np.floating], at: NDArray[np.float64]
) -> NDArray[np.float32]:
    """A motion [T, C] at other times [S]: linear between frames, angles the short way round, held at the ends.

    Args:
        times: seconds of the motion's frames [T], rising.
        at: seconds to sample at [S].

    Returns:
        float32 [S, C].
    """
    values = motion.astype(np.float64)
    values[:, _ROTATION] = np.unwrap(values[:, _ROTATION], axis=0)
    return np.stack([np.interp(at, times, channel) for channel in values.T], -1).astype(np.float32)
