"""Which held-out pictures the edits are made on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.portraits import Portraits
from models.errors import EvaluationError

_ARCHIVE = "congress"


@dataclass(frozen=True)
class Photo:
    """A held-out photo: its number in the data, its pixels [H, W, 3] uint8 RGB, and whether it is in colour."""

    number: int
    picture: NDArray[np.uint8]
    colour: bool


def choose(data: Path, portraits: Portraits, count: int, seed: int, *, archive: bool) -> NDArray[np.int64]:
    """Numbers of at most `count` pictures of the split, drawn by `seed`, in order.

    The archive of Congress goes back to before photography: about half of its pictures are paintings and engravings,
    where neither the judge nor the 3DMM can be held to much. It is drawn from only if `archive`, and then alone.
    Raises EvaluationError where nothing fits.
    """
    with (data / "portraits" / "index.csv").open(newline="") as file:
        archived = np.array([row["source"] == _ARCHIVE for row in csv.DictReader(file)])
    candidates = portraits.index[archived[portraits.index] == archive]
    if not len(candidates):
        raise EvaluationError(f"{data} has no test photo to edit; check the columns source and split of index.csv")
    drawn = np.random.default_rng(seed).choice(candidates, min(count, len(candidates)), replace=False)
    return np.sort(drawn)


def load(portraits: Portraits, numbers: NDArray[np.int64]) -> Iterator[Photo]:
    """The pictures of those numbers, one at a time."""
    for number in map(int, numbers):
        yield Photo(number, portraits.picture(number), bool(portraits.colour[number]))
