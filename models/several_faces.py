"""Several faces of one photo, each rendered by itself, in one picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.extractor import Crop

FAINT = 6.0
"""Levels by which a face's frame has changed a pixel that is its own as far as another face's is."""

TERRITORY = 12.0
"""How sharply pixels that two faces change go to the nearer one, distances being fractions of the faces' squares."""

Pixels = NDArray[np.uint8]


def composed(photo: Pixels, squares: Sequence[Crop], frames: Sequence[Pixels]) -> Pixels:
    """One frame with the changes of all.

    What one face changes alone is as in its frame. Where squares overlap and two faces change a pixel, the face that is
    nearer, measured by its size, has more of it: so a larger face lies over the smaller ones behind it.

    Args:
        photo: uint8 [H, W, C].
        squares: of the faces.
        frames: the photo with one face changed each, like `photo`.

    Returns:
        uint8 [H, W, C]; what no face changes is the photo's, bit for bit.
    """
    if len(frames) == 1:
        return frames[0]
    height, width = photo.shape[:2]
    changes = np.zeros(photo.shape, np.float32)
    weights = np.zeros((height, width, 1), np.float32)
    for square, frame in zip(squares, frames, strict=True):
        place = _inside(square, height, width)
        change = frame[place].astype(np.float32) - photo[place]
        weight = np.minimum(np.abs(change).max(-1, keepdims=True) / FAINT, 1) * _territory(square, place)
        changes[place] += weight * change
        weights[place] += weight
    composite = photo.copy()
    rows, columns = np.nonzero(weights[..., 0])
    shown = photo[rows, columns] + changes[rows, columns] / weights[rows, columns]
    composite[rows, columns] = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    return composite


def composed_frames(photo: Pixels, squares: Sequence[Crop], clips: Sequence[Iterable[Pixels]]) -> Iterator[Pixels]:
    """The same of clips of equal length, a frame at a time as they are read."""
    for frames in zip(*clips, strict=True):
        yield composed(photo, squares, frames)


def _inside(square: Crop, height: int, width: int) -> tuple[slice, slice]:
    """The part of a square that the photo has."""
    return (
        slice(max(square.y, 0), min(square.y + square.side, height)),
        slice(max(square.x, 0), min(square.x + square.side, width)),
    )


def _territory(square: Crop, place: tuple[slice, slice]) -> NDArray[np.float32]:
    """How much the pixels of a place belong to the face of a square, [h, w, 1] in (0, 1]."""
    rows, columns = (
        (np.arange(part.start, part.stop, dtype=np.float32) + 0.5 - corner) / square.side - 0.5
        for part, corner in zip(place, (square.y, square.x), strict=True)
    )
    return np.asarray(np.exp(-TERRITORY * (rows[:, None] ** 2 + columns**2))[..., None], np.float32)
