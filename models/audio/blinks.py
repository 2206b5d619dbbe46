"""Blinks: when and how. Clips of three seconds do not show a flow their rhythm, so they are a process of their own.

Pauses between blinks are log-normal; their mean of about 3.6 s gives 17 a minute, between rest and conversation (17 and
26 a minute, Bentivoglio et al. 1997). A lid closes within 80 ms, stays shut for a frame and opens more slowly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PAUSE, _SPREAD, _LEAST = 3.0, 0.5, 0.8  # seconds: median, log standard deviation, shortest
_FIRST = 3.2  # seconds until the first blink at most: a clip of four seconds has one
_INVITED = 1.5  # seconds by which a blink comes early when speech pauses
_SHAPE = np.array([0.45, 1.0, 0.95, 0.6, 0.3, 0.1], np.float32)  # at 25 frames a second


class Blinks:
    """An endless track of lid closure, made a block at a time from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 0xB11])
        self._frame = 0
        # Clips begin anywhere between two blinks.
        self._next = int(25 * min(self._pause() * self._rng.random(), _FIRST))
        self._last = -25
        self._tail = np.zeros(0, np.float32)

    def _pause(self) -> float:
        return max(_LEAST, float(_PAUSE * np.exp(_SPREAD * self._rng.standard_normal())))

    def take(self, pauses: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The next frames [n]: 0 open, 1 shut.

        Args:
            pauses: in which of them speech has just ended [n]; a blink that is nearly due comes then.
        """
        count = len(pauses)
        track = np.zeros(count + len(_SHAPE), np.float32)
        track[: len(self._tail)] = self._tail
        for start, pause in enumerate(pauses):
            now = self._frame + start
            if pause and self._next <= now + 25 * _INVITED and now - self._last >= 25 * _LEAST:
                self._next = now
            if now == self._next:
                piece = track[start : start + len(_SHAPE)]
                np.maximum(piece, _SHAPE * self._rng.uniform(0.85, 1.0), out=piece)
                self._last, self._next = now, now + round(25 * self._pause())
        self._frame += count
        self._tail = track[count:]
        return track[:count]
