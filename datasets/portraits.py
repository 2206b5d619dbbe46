"""Portrait photos with their 3DMM fits: the still pictures that training pairs are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from datasets.tables import read_table
from models.errors import TrainingDataError
from models.face3d.arrays import read_arrays
from models.face3d.head import Head
from models.face3d.morphable import MorphableModel
from models.face3d.pose import HeadPose

MADE_BY = "`python -m training data portraits`"
_COLUMNS = ("file", "coverage", "colour", "split")

LEAST_SIDE, STORED = 232.0, 288
"""Least side of a window that a training pair shows of a portrait, and the side of the stored portraits, in pixels."""


@dataclass(frozen=True)
class PhotoWindow:
    """A square of a portrait, `side` pixels at (x, y) in the stored picture."""

    x: float
    y: float
    side: float

    @classmethod
    def draw(cls, rng: np.random.Generator, least: float, largest: float, stored: float) -> PhotoWindow:
        """A window with a side from `least` to `largest`, anywhere in a stored picture of that side."""
        side = rng.uniform(least, largest)
        return cls(rng.uniform(0, stored - side), rng.uniform(0, stored - side), side)

    def cut(self, picture: np.ndarray, size: int) -> np.ndarray:
        """The window resized to [size, size, 3] uint8, the border repeated outside the picture."""
        scale = self.side / size
        corner = 0.5 * scale - 0.5
        affine = np.array([[scale, 0, self.x + corner], [0, scale, self.y + corner]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(picture, affine, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


class Portraits:
    """The folder `portraits/` of the training data: `index.csv`, `labels.npz` and the pictures.

    Args:
        root: the data folder (see MODEL_CARD.md for its contents and licences).
        split: "train" or "test"; the two share no person.

    Raises:
        TrainingDataError: a file is missing or damaged, or the split has no portrait.
    """

    def __init__(self, root: Path, split: str) -> None:
        self.folder = root / "portraits"
        self.rows = rows = read_table(self.folder / "index.csv", _COLUMNS, MADE_BY)
        self.index = np.array([i for i, row in enumerate(rows) if row["split"] == split], np.int64)
        if not len(self.index):
            raise TrainingDataError(
                f"{self.folder / 'index.csv'} has no portrait of the split {split}: {MADE_BY} sets people aside for it"
            )
        self.colour = np.array([row["colour"] == "1" for row in rows])
        # Users bring colour photos whose surroundings are real: those count for more.
        whole = np.array([float(row["coverage"]) > 0.6 for row in rows])
        weight = (np.where(self.colour, 2.0, 1.0) * np.where(whole, 1.0, 0.3))[self.index]
        self.weight = weight / weight.sum()
        self.person = np.array([row.get("identity", "") for row in rows])  # "" where a person has one photo only
        self._names = [row["file"] for row in rows]
        labels = self._labels("identity", "expression", "scale", "rotation", "translation")
        if len(labels["scale"]) != len(rows):
            raise TrainingDataError(
                f"{self.folder}: labels.npz has {len(labels['scale'])} faces, index.csv {len(rows)}; make both again "
                f"with {MADE_BY}"
            )
        self.identity, self.expression = labels["identity"], labels["expression"]
        self._scale, self._rotation, self._translation = (
            labels[name].astype(np.float64) for name in ("scale", "rotation", "translation")
        )

    @cached_property
    def landmarks(self) -> np.ndarray:
        """MediaPipe's landmarks of every portrait in its stored picture's pixels, float32 [P, 478, 3]."""
        return self._labels("landmarks")["landmarks"]

    @lru_cache(maxsize=64)  # noqa: B019  (one instance lives as long as its process)
    def picture(self, photo: int) -> np.ndarray:
        """The stored picture, uint8 [288, 288, 3] RGB."""
        return np.asarray(Image.open(self.folder / self._names[photo]).convert("RGB"))

    def pose(self, photo: int) -> HeadPose:
        """The fitted pose in the stored picture's pixels."""
        return HeadPose(float(self._scale[photo]), self._rotation[photo], self._translation[photo])

    def _labels(self, *names: str) -> dict[str, np.ndarray]:
        return read_arrays(self.folder / "labels.npz", names, MADE_BY)

    def face(self, photo: int, model: MorphableModel, window: PhotoWindow, size: int) -> Head:
        """The fitted face in a window resized to `size` pixels."""
        pose = self.pose(photo).in_window(window.x, window.y, window.side, size)
        return Head(model.person(self.identity[photo]), np.clip(self.expression[photo], 0, 1), pose)


def coefficients(face: Head, size: int) -> np.ndarray:
    """The face's vector in the `arkit` space, float32 [59]."""
    return np.concatenate([face.expression, face.pose.coefficients(size)]).astype(np.float32)
