"""Training pairs made while training: photos wait on the device, the host draws motions, the rest is batched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from datasets.portraits import LEAST_SIDE, PhotoWindow, Portraits, coefficients
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.morphable import MorphableModel
from models.face3d.pixels import grid, sample
from models.face3d.retarget import retarget_batch
from training.pairs.batches import PairBatch, augment
from training.pairs.examples import examples
from training.pairs.motion import MotionSampler
from training.pairs.shards import SIZE
from training.pairs.source import Emphasis, Inputs


@dataclass(frozen=True)
class Draw:
    """What a batch of pairs is made of: windows of photos, uint8 [B, 3, SIZE, SIZE], with their heads, old and new."""

    photo: Tensor
    source: Heads
    target: Heads


@dataclass(frozen=True)
class _Motions:
    """What the host draws: rows of the photos, int [B], and for each its window and its head, old and new."""

    rows: np.ndarray
    windows: list[PhotoWindow]
    sources: list[Head]
    targets: list[Head]


class PairStream:
    """An endless source of pairs from the training photos, drawn like those of `training.pairs.generate`.

    Every pair has a photo and a window of its own. The photos are held on the device: 250 kB each.

    Args:
        data: the training data folder.
        sweeps: fraction of the pairs that are sliders' sweeps (`training.pairs.motion`).
        photos: how many of the training photos to use at most.

    Raises:
        TrainingDataError: the folder has no portraits.
    """

    def __init__(self, data: Path, device: torch.device | str, sweeps: float, photos: int | None = None) -> None:
        self.device = torch.device(device)
        self.inputs: Inputs = {"stream": (data / "ict_facekit.npz", data / "portraits")}
        self.options: dict[str, JsonValue] = {"device": self.device.type, "stream_sweeps": sweeps}
        self._portraits = portraits = Portraits(data, "train")
        self._index, weight = portraits.index[:photos], portraits.weight[:photos]
        self._chance = weight / weight.sum()
        self._sweeps = sweeps
        model = MorphableModel.load(data / "ict_facekit.npz")
        self.model = MeshModel.of(model, device)
        stored = np.stack([portraits.picture(int(photo)) for photo in self._index])
        self._pictures = torch.from_numpy(stored).permute(0, 3, 1, 2).contiguous().to(device)
        identity = portraits.identity[self._index, : len(model.identity)]
        self._identity = torch.from_numpy(identity.astype(np.float32)).to(device)

    def coefficients(self, count: int) -> np.ndarray:
        """Sources' and targets' coefficients of `count` pairs, [2 · count, 59]."""
        motions = self._motions(count, np.random.default_rng(0))
        return np.stack([coefficients(face, SIZE) for face in (*motions.sources, *motions.targets)])

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[PairBatch]:
        """Batches of `size` augmented examples, half of them backwards, with pictures of `resolution` pixels."""
        del emphasis  # the sweeps take its place: a pair that was never made cannot be drawn more often
        rng = np.random.default_rng(seed)
        while True:
            draw = self.draw(size, rng)
            pair = retarget_batch(self.model, draw.photo, draw.source, draw.target)
            backwards = torch.arange(size, device=self.device) >= size // 2
            vectors = (draw.source.coefficients(SIZE), draw.target.coefficients(SIZE))
            yield augment(examples(draw.photo, *vectors, pair, backwards, resolution), rng)

    def draw(self, count: int, rng: np.random.Generator) -> Draw:
        """Photos, windows and motions of `count` pairs."""
        motions = self._motions(count, rng)
        chosen = torch.from_numpy(motions.rows).to(self.device)
        with torch.no_grad():
            person = self.model.persons(self._identity[chosen])
            photo = cut(self._pictures[chosen], motions.windows, SIZE)
        return Draw(photo, Heads.shaped(person, motions.sources), Heads.shaped(person, motions.targets))

    def _motions(self, count: int, rng: np.random.Generator) -> _Motions:
        sampler = MotionSampler(self._portraits.expression[self._portraits.index], rng, self._sweeps)
        rows = rng.choice(len(self._index), count, p=self._chance)
        stored = self._pictures.shape[-1]
        windows = [PhotoWindow.draw(rng, LEAST_SIDE, stored, stored) for _ in rows]
        sources = [self._face(int(self._index[row]), window) for row, window in zip(rows, windows, strict=True)]
        return _Motions(rows, windows, sources, [sampler.draw(face) for face in sources])

    def _face(self, photo: int, window: PhotoWindow) -> Head:
        """The fitted face without its shape, which is made on the device."""
        pose = self._portraits.pose(photo).in_window(window.x, window.y, window.side, SIZE)
        return Head(np.zeros((0, 3), np.float32), np.clip(self._portraits.expression[photo], 0, 1), pose)


def cut(pictures: Tensor, windows: list[PhotoWindow], size: int) -> Tensor:
    """Windows of pictures uint8 [B, 3, P, P], resized to uint8 [B, 3, size, size] (`PhotoWindow.cut`)."""
    corner = torch.tensor([(w.x, w.y) for w in windows], device=pictures.device)[:, :, None, None]
    scale = torch.tensor([w.side / size for w in windows], device=pictures.device)[:, None, None, None]
    position = corner + (grid(size, pictures.device) + 0.5) * scale - 0.5
    return sample(pictures.float(), position).round().to(torch.uint8)
