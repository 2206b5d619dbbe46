"""Blinks: when and how. Clips of three seconds do not show a flow their rhythm, so they are a process of their own.

Pauses between blinks are log-normal; their mean of about 3.6 s gives 17 a minute, between rest and conversation (17 and
26 a minute, Bentivoglio et al. 1997). A lid closes within 80 ms, stays shut for a frame and opens more slowly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PAUSE, _SPREAD, _LEAST = 3.0, 0.5, 0.8  # seconds: median, log standard deviation, shortest
_SHAPE = np.array([0.45, 1.0, 0.95, 0.6, 0.3, 0.1], np.float32)  # at 25 frames a second


class Blinks:
    """An endless track of lid closure, made a block at a time from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 0xB11])
        self._frame = 0
        self._next = int(25 * self._pause() * self._rng.random())  # clips begin anywhere between two blinks
        self._tail = np.zeros(0, np.float32)

    def _pause(self) -> float:
        return max(_LEAST, float(_PAUSE * np.exp(_SPREAD * self._rng.standard_normal())))

    def take(self, count: int) -> NDArray[np.float32]:
        """The next frames [count]: 0 open, 1 shut."""
        track = np.zeros(count + len(_SHAPE), np.float32)
        track[: len(self._tail)] = self._tail
        while self._next < self._frame + count:
            start = self._next - self._frame
            piece = track[start : start + len(_SHAPE)]
            np.maximum(piece, _SHAPE[: len(piece)] * self._rng.uniform(0.85, 1.0), out=piece)
            self._next += round(25 * self._pause())
        self._frame += count
        self._tail = track[count:]
        return track[:count]
