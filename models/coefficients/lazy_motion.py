"""A motion whose first frames can be drawn before its last ones are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


class LazyMotion:
    """A motion [T, C] that is computed as far as its frames are needed; what was computed is kept.

    Args:
        chunks: float32 [n, C], one after the other: T frames in all.
        frames: T.
    """

    def __init__(self, chunks: Iterable[NDArray[np.float32]], frames: int) -> None:
        self._chunks, self._frames = iter(chunks), frames
        self._known: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return self._frames

    def __getitem__(self, frames: NDArray[np.intp]) -> NDArray[np.float32]:
        """Frames [..., C] of indices [...] from 0; computes as far as the last of them."""
        return self._until(int(frames.max()) + 1)[frames]

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for index in range(self._frames):
            yield self._until(index + 1)[index]

    def whole(self) -> NDArray[np.float32]:
        """All frames [T, C]."""
        return self._until(self._frames)

    def _until(self, count: int) -> NDArray[np.float32]:
        known = self._known
        while known is None or len(known) < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise ValueError(f"a motion of {self._frames} frames ended after {0 if known is None else len(known)}")
            known = self._known = chunk if known is None else np.concatenate([known, chunk])
        return known
