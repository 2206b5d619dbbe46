"""A motion without its holes and without the extractor's tremor; blinks and plosives stay.

The smoothing is a bilateral filter (Tomasi & Manduchi 1998) along time: every number becomes the mean of its
neighbours in time, weighted by how near they are and by how little they differ. Tremor differs little and is averaged
away; a blink differs much and is left as it is. The window is symmetric about its frame, so the lag is 0 frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.coefficients import ARKIT, BFM, sample
from models.errors import MotionError, NoFaceError

# At strength 1: standard deviations in time (seconds) and in value, of what may average with what. Lips and lids move
# fastest; a head is heavy.
_FAST = (0.05, 0.05)  # lids, gaze, lips, jaw
_FACE = (0.10, 0.10)  # brows, cheeks, nose
_ROTATION = (0.16, 0.06)  # radians
_PLACE = (0.16, 0.02)  # fractions of the crop, log zoom
_FAST_GROUPS = ("eyes", "jaw", "mouth")
_ROTATION_SIZE, _PLACE_SIZE = 3, 3
_AXIS = (0.05, 0.15)  # of the bfm space: every axis moves lips and lids, and a blink is about 1
_TRANSLATION = (0.16, 0.02)  # of the bfm space, decimetres
_REACH = 3.0  # half the window, in its standard deviations
_WIDEST = 120  # frames, half the window: bounds the work when times stand almost still


def bridge_gaps(
    times: NDArray[np.float64] | Sequence[float], tracked: Sequence[NDArray[np.float32] | None]
) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """A motion without holes: linear between the frames on either side, held at the ends.

    Args:
        times: seconds of the frames [T].
        tracked: coefficients [C] of each frame, None where the face was out of sight.

    Returns:
        The motion, float32 [T, C], and the gaps as (first frame, frame after the last).

    Raises:
        NoFaceError: no frame shows the face.
    """
    seen = np.array([frame is not None for frame in tracked], bool)
    if not seen.any():
        raise NoFaceError(
            f"None of the {len(tracked)} frame(s) of the video shows a face. "
            "Send a video of an upright, unobstructed face, at least 40 pixels wide."
        )
    clock = np.asarray(times, np.float64)
    motion = sample(clock[seen], np.stack([frame for frame in tracked if frame is not None]), clock)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~seen, [False]]).astype(np.int8)))
    return motion, [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def smooth(
    times: NDArray[np.float64] | Sequence[float],
    motion: NDArray[np.float32],
    strength: float,
    check: Callable[[], None] | None = None,
) -> NDArray[np.float32]:
    """A motion [T, C] with less tremor; lag 0 frames.

    Args:
        times: seconds of the frames [T], rising; they need not be evenly spaced.
        strength: 0 (the motion as it is) to 1.
        check: called every now and then; what it raises ends the work.

    Raises:
        MotionError: `strength` is out of range, or the shapes do not fit.
    """
    clock = np.asarray(times, np.float64)
    if not 0 <= strength <= 1:
        raise MotionError(f"smoothing is {strength}; send a number from 0 to 1", field="options.smoothing")
    if motion.ndim != 2 or len(motion) != len(clock):
        raise MotionError(f"a motion of shape {motion.shape} does not fit {len(clock)} frame times")
    if strength == 0 or len(motion) < 3:
        return motion
    values = motion.astype(np.float64)
    values[:, _rotation(values)] = np.unwrap(values[:, _rotation(values)], axis=0)
    result = np.empty_like(values)
    spread, tolerance = _scales(values.shape[1])
    for sigma in np.unique(spread):
        channels = spread == sigma
        scales = (sigma * strength, tolerance[channels] * strength)
        result[:, channels] = _bilateral(clock, values[:, channels], *scales, check)
    return result.astype(np.float32)


def _bilateral(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    sigma: float,
    tolerance: NDArray[np.float64],
    check: Callable[[], None] | None,
) -> NDArray[np.float64]:
    count = len(times)
    duration = np.gradient(times)[:, None]  # a frame weighs as long as it is shown, however frames are spaced
    total, weight = values * duration, np.broadcast_to(duration, values.shape).copy()
    for offset in range(1, min(_WIDEST, (count - 1) // 2) + 1):
        middle = np.arange(offset, count - offset)  # both neighbours exist: towards the ends the window narrows
        apart = np.minimum(times[middle + offset] - times[middle], times[middle] - times[middle - offset])
        near = middle[apart <= _REACH * sigma]
        if not len(near):
            break
        if check is not None:
            check()
        for other in (near - offset, near + offset):
            distance = ((times[other] - times[near]) / sigma)[:, None] ** 2
            difference = ((values[other] - values[near]) / tolerance) ** 2
            factor = duration[other] * np.exp(-0.5 * (distance + difference))
            total[near] += factor * values[other]
            weight[near] += factor
    return total / weight


def _scales(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard deviations in time and in value of every channel, [C] each, at strength 1."""
    if size == ARKIT.size:
        face = [_FAST if slider.group in _FAST_GROUPS else _FACE for slider in ARKIT.expression]
    elif size == BFM.size:
        face = [_AXIS] * len(BFM.expression) + [_TRANSLATION] * len(BFM.extra)
    else:
        raise MotionError(f"smoothing knows motions of {ARKIT.size} or {BFM.size} coefficients, not of {size}")
    scales = face + [_ROTATION] * _ROTATION_SIZE + [_PLACE] * _PLACE_SIZE
    spread, tolerance = np.array(scales).T
    return spread, tolerance


def _rotation(motion: NDArray[np.float64]) -> slice:
    size = motion.shape[1]
    return slice(size - _ROTATION_SIZE - _PLACE_SIZE, size - _PLACE_SIZE)
