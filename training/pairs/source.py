"""Where the training of a renderer takes its batches from: pairs on disk, or pairs made while it trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from training.pairs.batches import Batch, batches, by_slider
from training.pairs.shards import Pairs

CPU = torch.device("cpu")
REAL = 0.2
"""Share of the pairs of two real pictures, where there are such."""


@dataclass(frozen=True)
class Emphasis:
    """What a stage sees more often, because it is small and hard to learn.

    Attributes:
        shares: slider, without its side, -> the share of pairs in which it moves far.
        still: those pairs are of a head that does not move.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    still: bool = False


class Material(Protocol):
    """A source of training pairs on a device."""

    @property
    def device(self) -> torch.device:
        """Where its batches are."""

    def coefficients(self, count: int) -> np.ndarray:
        """Sources' and targets' coefficients of about `count` pairs, [2 · count, 59]."""

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[Batch]:
        """An endless stream of augmented batches: `size` pairs, pictures of `resolution` pixels, on `device`."""


@dataclass(frozen=True)
class StoredPairs:
    """Pairs that `python -m training pairs` and, if given, `real-pairs` have written.

    Raises:
        TrainingDataError: where they are opened: a folder has none.
    """

    pairs: Path
    real: Path | None = None
    device: torch.device = CPU

    def coefficients(self, count: int) -> np.ndarray:
        """See `Material`; evenly spread."""
        stored = self._open()
        rows = np.linspace(0, len(stored) - 1, min(count, len(stored))).astype(int)
        return np.concatenate([stored.gather(f"{name}_coefficients", rows) for name in ("source", "target")])

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[Batch]:
        """See `Material`; read ahead in a process of its own."""
        for batch in batches(self._open(), self.chance(emphasis), size, resolution, seed):
            yield batch.to(self.device)

    def chance(self, emphasis: Emphasis) -> np.ndarray:
        """How often each pair is drawn, [P]: the real ones in a fixed share, the others by what they show."""
        chance = by_slider(Pairs(self.pairs), emphasis.shares, still=emphasis.still)
        real = len(self._open()) - len(chance)
        if not real:
            return chance
        return np.concatenate([(1 - REAL) * chance, np.full(real, REAL / real)])

    def _open(self) -> Pairs:
        return Pairs(self.pairs, self.real) if self.real else Pairs(self.pairs)
