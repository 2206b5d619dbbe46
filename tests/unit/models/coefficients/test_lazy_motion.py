"""A motion is computed as far as it is needed, and is then as if it had been whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from models.coefficients import LazyMotion, descriptor_windows

WHOLE = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)


class Chunks:
    def __init__(self, sizes: list[int]) -> None:
        self.sizes, self.given = sizes, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for size in self.sizes:
            self.given += size
            yield WHOLE[self.given - size : self.given]


@pytest.mark.parametrize("sizes", [[40], [1] * 40, [25, 15], [7, 0, 33]])
def test_windows_are_those_of_the_whole(sizes: list[int]) -> None:
    lazy = LazyMotion(Chunks(sizes), 40)
    parts = [descriptor_windows(lazy, 3, range(start, start + 8)) for start in range(0, 40, 8)]
    assert (np.concatenate(parts) == descriptor_windows(WHOLE, 3)).all()
    assert (lazy.whole() == WHOLE).all()
    assert (np.stack(list(LazyMotion(Chunks(sizes), 40))) == WHOLE).all()


def test_no_more_is_computed_than_is_needed() -> None:
    chunks = Chunks([10] * 4)
    lazy = LazyMotion(chunks, 40)
    assert (len(lazy), chunks.given) == (40, 0)
    descriptor_windows(lazy, 3, range(8))
    assert chunks.given == 20, "frame 7 is drawn with the three after it"


def test_a_motion_that_ends_too_early_is_no_motion() -> None:
    with pytest.raises(ValueError, match="40 frames ended after 30"):
        LazyMotion(Chunks([30]), 40).whole()
