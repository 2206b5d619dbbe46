"""Items of the training corpus on disk, and windows of them for a training step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.audio.features import BANDS, HOPS_PER_FRAME, SILENCE
from models.errors import TrainingDataError
from models.face3d.arrays import read_arrays

_MADE_BY = "`python -m training.audio corpus`"


@dataclass(frozen=True, eq=False)
class Item:
    """A sound's features [4T, BANDS] and the changes of its motion [T, MOUTH + HEAD]."""

    features: NDArray[np.floating]
    motion: NDArray[np.floating]

    def window(
        self, start: int, frames: int, past: int, future: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features [4·(past + frames + future), BANDS], silence beyond the ends, and the motion [frames, D]."""
        first, last = HOPS_PER_FRAME * (start - past), HOPS_PER_FRAME * (start + frames + future)
        inside = self.features[max(first, 0) : last].astype(np.float32)
        before, after = max(-first, 0), max(last - len(self.features), 0)
        heard = np.pad(inside, ((before, after), (0, 0)), constant_values=SILENCE)
        return heard, self.motion[start : start + frames].astype(np.float32)


def save_items(path: Path, items: Sequence[Item]) -> None:
    """Write a shard, in one step."""
    draft = path.with_name(f".{path.name}")
    np.savez(
        draft,
        features=np.concatenate([item.features for item in items]).astype(np.float16),
        motion=np.concatenate([item.motion for item in items]).astype(np.float32),
        ends=np.cumsum([len(item.motion) for item in items]),
    )
    draft.rename(path)


def load_items(folder: Path) -> dict[str, list[Item]]:
    """The items of a folder's shards by kind, as a shard's name begins. Raises TrainingDataError without any."""
    kinds: dict[str, list[Item]] = {}
    for path in sorted(folder.glob("[!.]*.npz")):
        file = read_arrays(path, ("features", "motion", "ends"), _MADE_BY)
        features, motion, ends = file["features"], file["motion"], file["ends"]
        starts = [0, *ends[:-1]]
        items = [
            Item(features[HOPS_PER_FRAME * a : HOPS_PER_FRAME * b], motion[a:b])
            for a, b in zip(starts, ends, strict=True)
        ]
        kinds.setdefault(path.stem.partition("-")[0], []).extend(items)
    if not kinds:
        raise TrainingDataError(f"{folder} holds no shards: {_MADE_BY} makes them")
    return kinds


def batches(
    kinds: Mapping[str, Sequence[Item]],
    fractions: Mapping[str, float],
    size: int,
    frames: int,
    reach: tuple[int, int],
    seed: int,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless random windows of items: features [N, …, BANDS] and motion [N, frames, D].

    Args:
        fractions: how often each kind is drawn; kinds that are missing leave their fraction to the others.
        reach: frames of sound before and after the window.
    """
    rng = np.random.default_rng(seed)
    present = [kind for kind in fractions if kinds.get(kind)]
    weight = np.array([fractions[kind] for kind in present])
    while True:
        features = np.empty((size, HOPS_PER_FRAME * (sum(reach) + frames), BANDS), np.float32)
        motion = []
        for row, kind in zip(features, rng.choice(present, size, p=weight / weight.sum()), strict=True):
            item = kinds[kind][int(rng.integers(len(kinds[kind])))]
            row[:], moved = item.window(int(rng.integers(len(item.motion) - frames + 1)), frames, *reach)
            motion.append(moved)
        yield torch.from_numpy(features), torch.from_numpy(np.stack(motion))
