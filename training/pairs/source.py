"""Where the training of a renderer takes its batches from: pairs on disk, or pairs made while it trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from pydantic import JsonValue

from training.pairs.batches import PairBatch, batches, by_slider
from training.pairs.shards import Pairs

CPU = torch.device("cpu")
REAL_FRACTION = 0.2
"""Of the pairs that are drawn: two real pictures, where there are such."""

Inputs = Mapping[str, Path | tuple[Path, ...] | None]


@dataclass(frozen=True)
class Emphasis:
    """What a stage draws more often, because it is small and hard to learn.

    Attributes:
        fractions: slider, without its side, -> the fraction of pairs in which it moves far.
        still: those pairs are of a head that does not move.
    """

    fractions: Mapping[str, float] = field(default_factory=dict)
    still: bool = False


class PairSource(Protocol):
    """A source of training pairs on a device."""

    @property
    def device(self) -> torch.device:
        """Where its batches are."""

    @property
    def inputs(self) -> Inputs:
        """The files and folders that it reads, by name: a run's record digests them."""

    @property
    def options(self) -> dict[str, JsonValue]:
        """Its settings by name, for a run's record."""

    def coefficients(self, count: int) -> np.ndarray:
        """Sources' and targets' coefficients of about `count` pairs, [2 · count, 59]."""

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[PairBatch]:
        """An endless stream of augmented batches: `size` pairs, pictures of `resolution` pixels, on `device`."""


@dataclass(frozen=True)
class StoredPairs:
    """Pairs that `python -m training pairs` and, if given, `real-pairs` have written.

    Attributes:
        pairs, real: their folders.
        real_fraction: of the pairs that are drawn, in [0, 1]: how many are real ones, where there are such.

    Raises:
        TrainingDataError: where they are opened: a folder has none.
    """

    pairs: Path
    real: Path | None = None
    device: torch.device = CPU
    real_fraction: float = REAL_FRACTION

    @property
    def inputs(self) -> Inputs:
        """See `PairSource`."""
        return {"pairs": self.pairs, "real": self.real}

    @property
    def options(self) -> dict[str, JsonValue]:
        """See `PairSource`."""
        return {"device": self.device.type} | ({"real_fraction": self.real_fraction} if self.real else {})

    def coefficients(self, count: int) -> np.ndarray:
        """See `PairSource`; evenly spread."""
        stored = self._open()
        rows = np.linspace(0, len(stored) - 1, min(count, len(stored))).astype(int)
        return np.concatenate([stored.gather(f"{name}_coefficients", rows) for name in ("source", "target")])

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[PairBatch]:
        """See `PairSource`; read ahead in a process of its own."""
        for batch in batches(self._open(), self.chance(emphasis), size, resolution, seed):
            yield batch.to(self.device)

    def chance(self, emphasis: Emphasis) -> np.ndarray:
        """How often each pair is drawn, [P]: the real ones in a fixed fraction, the others by what they show."""
        chance = by_slider(Pairs(self.pairs), emphasis.fractions, still=emphasis.still)
        real = len(self._open()) - len(chance)
        if not real:
            return chance
        return np.concatenate([(1 - self.real_fraction) * chance, np.full(real, self.real_fraction / real)])

    def _open(self) -> Pairs:
        return Pairs(self.pairs, self.real) if self.real else Pairs(self.pairs)
