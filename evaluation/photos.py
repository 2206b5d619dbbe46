"""Which held-out pictures the edits are made on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def choose(portraits: Portraits, count: int, seed: int, *, archive: bool) -> NDArray[np.int64]:
    """Numbers of at most `count` pictures of the split, drawn by `seed`, in order.

    The archive of Congress goes back to before photography: about half of its pictures are paintings and engravings,
    where neither the judge nor the 3DMM can be held to much. It is drawn from only if `archive`, and then alone.
    Raises EvaluationError where nothing fits.
    """
    archived = np.array([row.get("source") == _ARCHIVE for row in portraits.rows])
    candidates = portraits.index[archived[portraits.index] == archive]
    if not len(candidates):
        where = "of" if archive else "outside of"
        raise EvaluationError(
            f"{portraits.folder / 'index.csv'} has no test photo {where} the source {_ARCHIVE}: "
            + ("leave --archive out" if archive else "add photos of others, or measure with --archive")
        )
    drawn = np.random.default_rng(seed).choice(candidates, min(count, len(candidates)), replace=False)
    return np.sort(drawn)


def load(portraits: Portraits, numbers: NDArray[np.int64]) -> Iterator[Photo]:
    """The pictures of those numbers, one at a time."""
    for number in map(int, numbers):
        yield Photo(number, portraits.picture(number), bool(portraits.colour[number]))
