"""A speaking motion that begins and ends as the photo is: so a clip can follow the photo, another clip, or itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace

_MOUTH, _FACE, _HEAD = 5, 10, 20
"""Frames in which the photo's mouth, the rest of its face and its head go over into the motion's."""


def eased(
    space: CoefficientSpace, source: NDArray[np.float32], chunks: Iterable[NDArray[np.float32]]
) -> Iterator[NDArray[np.float32]]:
    """A motion in chunks [n, C] whose first and last frame are the source [C]. The last 20 frames wait for its end.

    A motion of less than 60 frames takes less time to go over.
    """
    frames = _frames(space)
    held = np.zeros((0, space.size), np.float32)
    done = 0
    for chunk in chunks:
        held = np.concatenate([held, chunk])
        ready = len(held) - 3 * _HEAD  # a shorter motion is known as such before its first frame leaves
        if ready > 0:
            yield _towards(source, held[:ready], _fraction(np.arange(done, done + ready), frames))
            held, done = held[ready:], done + ready
    if len(held):
        short = min(1.0, (done + len(held)) / (3 * _HEAD))
        begins = _fraction(np.arange(done, done + len(held)), frames * short)
        ends = _fraction(np.arange(len(held))[::-1], frames * short)
        yield _towards(source, held, np.minimum(begins, ends))


def _frames(space: CoefficientSpace) -> NDArray[np.float64]:
    frames = np.full(space.size, float(_HEAD))
    for slider in space.expression:
        frames[slider.index] = _MOUTH if slider.group in ("jaw", "mouth") else _FACE
    return frames


def _fraction(since: NDArray[np.int_], frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of the motion is shown [T, C], so many frames after its beginning or before its end."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(since[:, None] / np.maximum(frames, 1), 0, 1)))


def _towards(
    source: NDArray[np.float32], motion: NDArray[np.float32], fraction: NDArray[np.float64]
) -> NDArray[np.float32]:
    return np.where(fraction == 0, source, source + fraction * (motion - source)).astype(np.float32)
