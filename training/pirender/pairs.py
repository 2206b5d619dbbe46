"""Training pairs: two random frames of one clip, with their windows of coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from datasets.clip_store import Clip, ClipStore
from models.coefficients import descriptor_windows, space
from models.errors import TrainingDataError
from models.renderer import Preset


class Pair(NamedTuple):
    """B pairs of two frames a and b: pictures [B, 3, 256, 256] in [-1, 1], windows [B, C, 2k + 1]."""

    first: Tensor
    second: Tensor
    first_window: Tensor
    second_window: Tensor

    def both_directions(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """2B examples: sources, the sources' own windows, the targets' windows, targets."""
        return (
            torch.cat([self.first, self.second]),
            torch.cat([self.first_window, self.second_window]),
            torch.cat([self.second_window, self.first_window]),
            torch.cat([self.second, self.first]),
        )


class PairDataset(Dataset[Pair]):
    """Pair number n of an endless run: a random person, a clip of theirs, two frames. The same n is the same pair."""

    def __init__(self, store: ClipStore, preset: Preset, seed: int) -> None:
        if store.space != preset.space:
            raise TrainingDataError(
                f"the clips' coefficients are of the space {store.space}, preset {preset.name} reads {preset.space}: "
                "prepare them with a bundle of that space"
            )
        if not store.clips:
            raise TrainingDataError("the store holds no clips: prepare some videos first")
        self._store, self._preset, self._seed = store, preset, seed
        self._read = space(preset.space).network_vector
        by_person: dict[str, list[Clip]] = {}
        for clip in store.clips:
            by_person.setdefault(clip.person, []).append(clip)
        self._people = [by_person[person] for person in sorted(by_person)]

    def __getitem__(self, number: int) -> Pair:
        rng = np.random.default_rng((self._seed, number))
        clips = self._people[rng.integers(len(self._people))]
        clip = clips[rng.integers(len(clips))]
        frames = rng.integers(clip.frames, size=2)
        motion = np.asarray(self._read(self._store.coefficients(clip)), np.float32)
        pictures = [
            torch.from_numpy(self._store.frame(clip, int(frame))).permute(2, 0, 1).float() / 127.5 - 1
            for frame in frames
        ]
        windows = [
            torch.from_numpy(descriptor_windows(motion, self._preset.radius, range(frame, frame + 1))[0])
            for frame in map(int, frames)
        ]
        return Pair(*pictures, *windows)

    def statistics(self, most: int = 200) -> tuple[Tensor, Tensor]:
        """Mean and deviation [C] of the networks' coefficients over at most so many clips."""
        chosen = self._store.clips[:: max(1, len(self._store.clips) // most)]
        rows = np.concatenate([np.asarray(self._read(self._store.coefficients(clip))) for clip in chosen])
        return torch.from_numpy(rows.mean(0)), torch.from_numpy(rows.std(0))


class _OwnPairs(Sampler[list[int]]):
    """This process's pairs of every step, from a step on: N processes together have those that one has alone."""

    def __init__(self, count: int, rank: int, processes: int, step: int) -> None:
        self._count, self._rank, self._processes, self._step = count, rank, processes, step

    def __iter__(self) -> Iterator[list[int]]:
        step = self._step
        while True:
            first = (step * self._processes + self._rank) * self._count
            yield list(range(first, first + self._count))
            step += 1


def pairs(dataset: PairDataset, count: int, rank: int, processes: int, step: int, workers: int) -> Iterator[Pair]:
    """Endless batches of `count` pairs for the process `rank` of `processes`, from `step` on."""
    loader = DataLoader(
        dataset,
        batch_sampler=_OwnPairs(count, rank, processes, step),
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        collate_fn=_collate,
    )
    return iter(loader)


def _collate(rows: list[Pair]) -> Pair:
    return Pair(*(torch.stack(values) for values in zip(*rows, strict=True)))
