"""What the flows model of the 59 coefficients: named channels, both sides of the face as one.

Left and right are averaged, so that one speaker's crooked mouth is not everybody's. Left out are what speech does not
move or the training data does not show (cheeks, nose, jawForward, sideways jaw and mouth), the gaze, and the lids:
blinks are events of their own (`models.audio.blinks`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.coefficients import ARKIT

MOUTH = (
    "jawOpen",
    "mouthClose",
    "mouthDimple",
    "mouthFrown",
    "mouthFunnel",
    "mouthLowerDown",
    "mouthPress",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
)
BROWS = ("browDown", "browInnerUp", "browOuterUp")
POSE = ("yaw", "pitch", "roll", "x", "y", "log zoom")
HEAD = (*BROWS, *POSE)

_COUNT = len(ARKIT.expression)


def _indices(name: str) -> tuple[int, ...]:
    if name in POSE:
        return (_COUNT + POSE.index(name),)
    return tuple(ARKIT.index[side] for side in ARKIT.shorthands.get(name, (name,)))


def _spread(names: tuple[str, ...]) -> NDArray[np.float32]:
    matrix = np.zeros((len(names), ARKIT.size), np.float32)
    for row, name in zip(matrix, names, strict=True):
        row[list(_indices(name))] = 1
    return matrix


_SPREAD: dict[tuple[str, ...], NDArray[np.float32]] = {names: _spread(names) for names in (MOUTH, HEAD)}


def gather(motion: NDArray[np.floating], names: tuple[str, ...]) -> NDArray[np.float32]:
    """Channels [..., len(names)] of coefficients [..., 59]: the mean of both sides. `names` is MOUTH or HEAD."""
    spread = _SPREAD[names]
    return np.asarray(motion @ (spread / spread.sum(1, keepdims=True)).T, np.float32)


def scatter(channels: NDArray[np.floating], names: tuple[str, ...]) -> NDArray[np.float32]:
    """Coefficients [..., 59] of channels [..., len(names)]: both sides alike, everything else 0."""
    return np.asarray(channels @ _SPREAD[names], np.float32)
