"""Batches for the renderer: pairs read from shards, used in both directions, mirrored and re-lit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from models.coefficients import ARKIT, constrain
from training.pairs.shards import SIZE, Pairs

FAR = 0.4  # change of a slider that is worth to be drawn more often
MIRRORED, GREY, NOISY, LEANING = 0.5, 0.15, 0.5, 0.4  # fractions of the examples
EXPRESSION_NOISE, ANGLE_NOISE, POSITION_NOISE = 0.07, 0.03, 0.015  # measured on held-out photos


@dataclass(frozen=True)
class PairBatch:
    """B training examples.

    Attributes:
        source, target: pictures [B, 3, S, S] in [-1, 1].
        source_coefficients, target_coefficients: [B, 59].
        flow: known backward flow [B, 2, 64, 64], pixels of 256.
        mesh: [B, 1, 64, 64], 1 where the flow is exact.
        reliable: [B, 1, 128, 128], 1 where `target` may be learnt from.
        detail: [B, 1, 128, 128], 1 around the target's lips and lids and inside its mouth.
    """

    source: Tensor
    target: Tensor
    source_coefficients: Tensor
    target_coefficients: Tensor
    flow: Tensor
    mesh: Tensor
    reliable: Tensor
    detail: Tensor

    def to(self, device: torch.device) -> PairBatch:
        """The same batch on a device."""
        return PairBatch(**{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


def by_slider(pairs: Pairs, fractions: Mapping[str, float], *, still: bool) -> np.ndarray:
    """Chance of every pair to be drawn, [P]: fractions to pairs that move a slider far, the rest to all pairs alike.

    Args:
        fractions: slider, without its side, -> the fraction of pairs in which it moves by more than `FAR`.
        still: those pairs are of a head that does not move: a turning one drowns what lips and lids do.
    """
    change = np.abs(pairs.all("target_coefficients") - pairs.all("source_coefficients"))
    eligible = change[:, -6:].max(1) < 1e-4 if still else np.full(len(pairs), fill_value=True)
    chance = np.full(len(pairs), (1 - sum(fractions.values())) / len(pairs))
    for slider, fraction in fractions.items():
        sides = [index for name, index in ARKIT.index.items() if name in (slider, slider + "Left", slider + "Right")]
        moved = eligible & (change[:, sides].max(1) > FAR)
        if moved.any():
            chance += fraction * moved / moved.sum()
    return chance / chance.sum()


def batches(pairs: Pairs, chance: np.ndarray, size: int, resolution: int, seed: int) -> Iterator[PairBatch]:
    """An endless stream of random batches, drawn by `chance` [P] and read ahead in a process of its own.

    Args:
        size: examples a batch.
        resolution: side of the pictures, in pixels.
    """
    stream = _Batches(pairs, chance, size, resolution, seed)
    # A thread would take the interpreter and cores from the networks: a third slower on two cores.
    return iter(DataLoader(stream, batch_size=None, num_workers=1))


class _Batches(IterableDataset[PairBatch]):
    def __init__(self, pairs: Pairs, chance: np.ndarray, size: int, resolution: int, seed: int) -> None:
        self._pairs, self._chance, self._size, self._resolution = pairs, chance, size, resolution
        self._rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[PairBatch]:
        while True:
            rows = self._rng.choice(len(self._pairs), self._size, p=self._chance)
            yield _read(self._pairs, rows, self._resolution, self._rng)


def _read(pairs: Pairs, rows: np.ndarray, resolution: int, rng: np.random.Generator) -> PairBatch:
    halves = []
    # "Each pair is used in both directions" (paper, section 4): backwards, the target is the untouched photo.
    for reverse in (False, True):
        part = rows[: len(rows) // 2] if not reverse else rows[len(rows) // 2 :]
        if len(part):
            halves.append(_direction(pairs, part, reverse, resolution))
    batch = PairBatch(*(torch.cat(values) for values in zip(*halves, strict=True)))
    return augment(batch, rng)


def augment(batch: PairBatch, rng: np.random.Generator) -> PairBatch:
    """The batch with some examples mirrored, some vectors in error, and all pictures in other light; on its device."""
    return _relight(_perturb(_mirror(batch, rng), rng), rng)


def _direction(pairs: Pairs, rows: np.ndarray, reverse: bool, resolution: int) -> tuple[Tensor, ...]:
    def picture(name: str) -> Tensor:
        pictures = pairs.gather(name, rows)
        if resolution != SIZE:
            shape = (resolution, resolution)
            pictures = np.stack([cv2.resize(one, shape, interpolation=cv2.INTER_AREA) for one in pictures])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1

    def mask(name: str) -> Tensor:
        return torch.from_numpy(pairs.gather(name, rows))[:, None].float()

    def vector(name: str) -> Tensor:
        return torch.from_numpy(pairs.gather(name, rows)).float()

    here, there = ("target", "source") if reverse else ("source", "target")
    prefix = "reverse_" if reverse else ""
    return (
        picture(here),
        picture(there),
        vector(f"{here}_coefficients"),
        vector(f"{there}_coefficients"),
        vector(f"{prefix}flow"),
        mask(f"{prefix}mesh"),
        mask(f"{prefix}reliable"),
        mask(f"{prefix}detail"),
    )


def _mirror(batch: PairBatch, rng: np.random.Generator) -> PairBatch:
    """Flip some examples left to right, coefficients and flow with them."""
    device = batch.source.device
    flipped = torch.from_numpy(rng.random(len(batch.source)) < MIRRORED).to(device)

    def picture(value: Tensor) -> Tensor:
        return torch.where(flipped[:, None, None, None], value.flip(-1), value)

    def vector(value: Tensor) -> Tensor:
        return torch.where(flipped[:, None], torch.from_numpy(ARKIT.mirror(value.cpu().numpy())).to(device), value)

    sign = torch.where(flipped[:, None], flipped.new_tensor([-1, 1], dtype=torch.float32), 1.0)[..., None, None]
    return PairBatch(
        picture(batch.source),
        picture(batch.target),
        vector(batch.source_coefficients),
        vector(batch.target_coefficients),
        picture(batch.flow) * sign,
        picture(batch.mesh),
        picture(batch.reliable),
        picture(batch.detail),
    )


def extractor_deviation() -> np.ndarray:
    """Standard deviation of an extractor's errors on people outside of its training data, [59]."""
    deviation = np.full(ARKIT.size, EXPRESSION_NOISE)
    deviation[-6:-3], deviation[-3:] = ANGLE_NOISE, POSITION_NOISE
    return deviation


def _perturb(batch: PairBatch, rng: np.random.Generator) -> PairBatch:
    """Give some examples the same error in both vectors, as an extractor makes when serving an edit.

    An extractor's answers scatter, and they lean towards the average face: towards that of the batch here.
    """
    count, size = batch.source_coefficients.shape
    noise = rng.normal(0, extractor_deviation(), (count, size)) * (rng.random((count, 1)) < NOISY)
    lean = np.zeros((count, size))
    lean[:, :-6] = rng.random((count, 1)) * (rng.random((count, 1)) < LEANING)
    source, target = batch.source_coefficients.cpu(), batch.target_coefficients.cpu()
    error = torch.from_numpy(noise).float() + torch.from_numpy(lean).float() * (source.mean(0) - source)
    values = {
        name: torch.from_numpy(constrain(ARKIT, (value + error).numpy())).to(batch.source.device)
        for name, value in (("source_coefficients", source), ("target_coefficients", target))
    }
    return PairBatch(**(vars(batch) | values))


def _relight(batch: PairBatch, rng: np.random.Generator) -> PairBatch:
    """Change brightness, contrast and tint of both pictures alike; some lose their colour."""
    count = len(batch.source)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape))).float().to(batch.source.device)

    gain, tint, lift = uniform(0.75, 1.2, 1, 1, 1), uniform(0.93, 1.07, 3, 1, 1), uniform(-0.15, 0.15, 1, 1, 1)
    grey = torch.from_numpy(rng.random((count, 1, 1, 1)) < GREY).to(batch.source.device)

    def relit(picture: Tensor) -> Tensor:
        picture = ((picture + 1) * gain * tint - 1 + lift).clamp(-1, 1)
        return torch.where(grey, picture.mean(1, keepdim=True).expand_as(picture), picture)

    return PairBatch(**(vars(batch) | {"source": relit(batch.source), "target": relit(batch.target)}))
