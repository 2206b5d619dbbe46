"""What was painted into a moved photo, on a core: its colours, and how it lies over the photo, a pixel at a time.

PyTorch would write a whole picture for every step of it. On a GPU, where that costs nothing, it does: `palette` and
`synthesis` say the same in its words.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

AROUND = 5
"""Side of the square over which a change is averaged."""

Array = NDArray[np.float32]


@numba.njit(cache=True, fastmath=True, nogil=True)
def in_colours(warped: Array, image: Array, tint: Array, luma: Array, reach: float) -> Array:
    """`models.renderer.palette.Palette.painted` of one frame, [3, h, w] of [3, h, w]."""
    painted = np.empty_like(image)
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            old, new = warped[:, y, x], image[:, y, x]
            own = _spread(*_beyond_tint(old[0], old[1], old[2], tint, luma))
            red, green, blue = _beyond_tint(new[0], new[1], new[2], tint, luma)
            spread, allowed = _spread(red, green, blue), max(own, reach)
            excess = 1 - allowed / spread if spread > max(allowed, 1e-6) else 0.0
            painted[0, y, x] = np.float32(new[0] - excess * red)
            painted[1, y, x] = np.float32(new[1] - excess * green)
            painted[2, y, x] = np.float32(new[2] - excess * blue)
    return painted


@numba.njit(cache=True, fastmath=True, nogil=True)
def _beyond_tint(red: float, green: float, blue: float, tint: Array, luma: Array) -> tuple[float, float, float]:
    """A colour's distance from grey, less the tint [bins, 3] of its lightness."""
    last = len(tint) - 1
    light = luma[0] * red + luma[1] * green + luma[2] * blue
    place = min(max((light + np.float32(1)) * np.float32(0.5 * last), np.float32(0)), np.float32(last))
    below = min(np.int32(place), np.int32(last - 1))
    rest = place - np.float32(below)
    first, second = tint[below], tint[below + 1]
    return (
        red - light - (first[0] + rest * (second[0] - first[0])),
        green - light - (first[1] + rest * (second[1] - first[1])),
        blue - light - (first[2] + rest * (second[2] - first[2])),
    )


@numba.njit(cache=True, fastmath=True, nogil=True)
def _spread(red: float, green: float, blue: float) -> float:
    return float(max(red, green, blue) - min(red, green, blue))


def levels(warped: Array, image: Array, faint: float, covering: float) -> Array:
    """`models.renderer.synthesis.painted_levels` of one frame, [h, w, 3 + 1] of two [3, h, w].

    Args:
        faint, covering: mean changes that hide nothing of the photo, and all of it.
    """
    around = cv2.blur(_change(warped, image), (AROUND, AROUND), borderType=cv2.BORDER_CONSTANT)
    return _levels(warped, image, np.asarray(around, np.float32), faint, 1 / (covering - faint))


@numba.njit(cache=True, fastmath=True, nogil=True)
def _change(warped: Array, image: Array) -> Array:
    """How far the channels of two pictures [3, h, w] are apart, on the mean, [h, w]."""
    change = np.empty(image.shape[1:], np.float32)
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            total = np.float32(0)
            for k in range(3):
                total += abs(image[k, y, x] - warped[k, y, x])
            change[y, x] = total / np.float32(3)
    return change


@numba.njit(cache=True, fastmath=True, nogil=True)
def _levels(warped: Array, image: Array, change: Array, faint: float, steepness: float) -> Array:
    made = np.empty((*image.shape[1:], 4), np.float32)
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            hidden = min(max((change[y, x] - faint) * steepness, np.float32(0)), np.float32(1))
            for k in range(3):
                added = image[k, y, x] - (1 - hidden) * warped[k, y, x]
                made[y, x, k] = (added + hidden) * np.float32(127.5)
            made[y, x, 3] = hidden
    return made


def compile_loops() -> None:
    """Compile, or read what an earlier process compiled: seconds that the first picture should not wait for."""
    picture = np.zeros((3, 1, 1), np.float32)
    in_colours(picture, picture, np.zeros((2, 3), np.float32), np.zeros(3, np.float32), 0.0)
    levels(picture, picture, 0.0, 1.0)
