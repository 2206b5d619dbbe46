"""Means with confidence intervals over photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

_RESAMPLES = 2000


@dataclass(frozen=True)
class Summary:
    """A mean over `count` values with its 95% bootstrap interval [low, high]; None where there is no value."""

    mean: float | None
    low: float | None
    high: float | None
    count: int

    def __str__(self) -> str:
        return self.text(2)

    def text(self, digits: int) -> str:
        """The mean and its interval with so many decimals; a dash where there is no value."""
        return f"{self.mean:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]" if self.count else "–"


def summarise(values: Sequence[float], weights: Sequence[float] | None = None, seed: int = 0) -> Summary:
    """The (weighted) mean of `values` and the interval that 95% of its bootstrap resamples fall in.

    The same values give the same interval: resampling is seeded.
    """
    x = np.asarray(values, np.float64)
    w = np.ones_like(x) if weights is None else np.asarray(weights, np.float64)
    return ratio(x * w, w, seed)


def ratio(numerators: ArrayLike, denominators: ArrayLike, seed: int = 0) -> Summary:
    """The ratio of two means over the same photos, and the interval that 95% of its bootstrap resamples fall in."""
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if not len(above):
        return Summary(None, None, None, 0)
    draws = np.random.default_rng(seed).integers(0, len(above), (_RESAMPLES, len(above)))
    ratios = above[draws].sum(1) / below[draws].sum(1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Summary(float(above.sum() / below.sum()), float(low), float(high), len(above))
