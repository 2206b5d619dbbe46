"""Frames of a video that wait to be rendered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from models.errors import ControlError

Pixels = NDArray[np.uint8]


class FrameBuffer:
    """Frames of a video by their number, read on request, kept until they are dropped: a batch that did not
    fit into memory is tried again."""

    def __init__(self, frames: Iterable[Pixels]) -> None:
        self._coming = iter(frames)
        self._kept: list[Pixels] = []
        self._first = 0

    def at(self, numbers: Sequence[int]) -> list[Pixels]:
        """Those frames. Raises ControlError when the video ends before."""
        self._kept += islice(self._coming, max(0, numbers[-1] + 1 - self._first - len(self._kept)))
        if (there := self._first + len(self._kept)) <= numbers[-1]:
            raise ControlError(f"the video has {there} frames, fewer than the motion needs")
        return [self._kept[number - self._first] for number in numbers]

    def drop_before(self, stop: int) -> None:
        """Forget the frames before that number."""
        del self._kept[: stop - self._first]
        self._first = stop
