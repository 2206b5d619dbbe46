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
Place = tuple[slice, slice]
"""Rows and columns of a picture."""


class FaceComposite:
    """Lays frames of single faces of a photo together; what depends on the photo alone is made once.

    What one face changes alone is as in its frame. Where squares overlap and two faces change a pixel, the face that is
    nearer, measured by its size, has more of it: so a larger face lies over the smaller ones behind it.

    Args:
        photo: uint8 [H, W, C].
        squares: of the faces.
    """

    def __init__(self, photo: Pixels, squares: Sequence[Crop]) -> None:
        self._photo = photo
        places = [_inside(square, *photo.shape[:2]) for square in squares]
        self._box = _around(places)
        self._faces = [
            (place, _within(place, self._box), _territory(square, place))
            for square, place in zip(squares, places, strict=True)
        ]

    def frame(self, frames: Sequence[Pixels]) -> Pixels:
        """One frame with the changes of all.

        Args:
            frames: the photo with one face changed each, like `photo`, in the order of the squares.

        Returns:
            uint8 [H, W, C]; what no face changes is the photo's, bit for bit.
        """
        if len(frames) == 1:
            return frames[0]
        composite = self._photo.copy()
        photo = self._photo[self._box]
        changes, weights = np.zeros(photo.shape, np.float32), np.zeros((*photo.shape[:2], 1), np.float32)
        for (place, here, territory), frame in zip(self._faces, frames, strict=True):
            change = frame[place].astype(np.float32) - self._photo[place]
            weight = np.minimum(np.abs(change).max(-1, keepdims=True) / FAINT, 1) * territory
            changes[here] += weight * change
            weights[here] += weight
        changed = np.nonzero(weights[..., 0])
        shown = photo[changed] + changes[changed] / weights[changed]
        composite[self._box][changed] = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
        return composite

    def clip(self, clips: Sequence[Iterable[Pixels]]) -> Iterator[Pixels]:
        """The same of clips of equal length, a frame at a time as they are read."""
        for frames in zip(*clips, strict=True):
            yield self.frame(frames)


def _inside(square: Crop, height: int, width: int) -> Place:
    """The part of a square that the photo has."""
    return (
        slice(max(square.y, 0), min(square.y + square.side, height)),
        slice(max(square.x, 0), min(square.x + square.side, width)),
    )


def _around(places: Sequence[Place]) -> Place:
    """The smallest place that holds all of them."""
    rows, columns = (
        slice(min(part.start for part in parts), max(part.stop for part in parts))
        for parts in zip(*places, strict=True)
    )
    return rows, columns


def _within(place: Place, box: Place) -> Place:
    """A place, counted from the corner of a box."""
    rows, columns = (
        slice(part.start - whole.start, part.stop - whole.start) for part, whole in zip(place, box, strict=True)
    )
    return rows, columns


def _territory(square: Crop, place: Place) -> NDArray[np.float32]:
    """How much the pixels of a place belong to the face of a square, [h, w, 1] in (0, 1]."""
    rows, columns = (
        (np.arange(part.start, part.stop, dtype=np.float32) + 0.5 - corner) / square.side - 0.5
        for part, corner in zip(place, (square.y, square.x), strict=True)
    )
    return np.asarray(np.exp(-TERRITORY * (rows[:, None] ** 2 + columns**2))[..., None], np.float32)
