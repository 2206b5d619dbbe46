"""Two labelled pictures of one person: what the regressor learns the difference from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.photos import FacePhotos

Picked = tuple[FacePhotos, int]


@dataclass(frozen=True, eq=False)
class SameIdentityPairs:
    """Pairs of pictures that show one person each.

    Attributes:
        first, second: two collections of faces, which may be the same.
        partners: rows of `first` that may be drawn -> rows of `second` that show the same person.
        weight: how often each of those rows is drawn against the others [rows]; None draws all alike.
    """

    first: FacePhotos
    second: FacePhotos
    partners: dict[int, np.ndarray]
    weight: np.ndarray | None = None

    @classmethod
    def same(cls, photos: FacePhotos) -> SameIdentityPairs:
        """Every photo with itself: two crops of it, differently degraded, have one expression."""
        return cls(photos, photos, {row: np.array([row]) for row in range(len(photos))})

    @classmethod
    def aligned(cls, first: FacePhotos, second: FacePhotos, weight: np.ndarray | None = None) -> SameIdentityPairs:
        """Row by row. weight: [P], how often each is drawn."""
        return cls(first, second, {row: np.array([row]) for row in range(len(first))}, weight)

    @classmethod
    def grouped(cls, photos: FacePhotos, group: np.ndarray, kept: np.ndarray) -> SameIdentityPairs:
        """Any two kept rows of one group. group: [P] numbers. kept: bool [P]."""
        members = {number: np.flatnonzero(kept & (group == number)) for number in np.unique(group)}
        return cls(photos, photos, {int(row): rows for rows in members.values() for row in rows})

    def draw(self, rng: np.random.Generator) -> tuple[Picked, Picked]:
        """Two pictures of one person, either first."""
        rows = list(self.partners)
        number = (
            rng.integers(len(rows)) if self.weight is None else rng.choice(len(rows), p=self.weight / self.weight.sum())
        )
        row = rows[number]
        first, second = (self.first, row), (self.second, int(rng.choice(self.partners[row])))
        return (second, first) if rng.random() < 0.5 else (first, second)
