"""Training of the flows by negative log-likelihood alone (paper, section 3.3). The same call resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from models.audio import SpeechNetwork
from models.audio.channels import HEAD, MOUTH
from models.audio.flow import ConditionalFlow
from models.audio.presets import SPEECH_PRESETS
from models.training.audio.items import Item, batches, load_items
from models.training.run import Run

SHARES = {"grid": 0.45, "said": 0.45, "quiet": 0.1}
FORGET = 0.4
"""Share of the previous frames that a network is not shown, each by chance (StyleGestures): it must listen instead."""

# In deviations. Weights that are exactly 0 most of the time would have no density; heads, which are never still, need
# less: it would make them tremble.
_MOUTH_NOISE, _HEAD_NOISE = 0.07, 0.02
_LEAST = 0.06  # added to every weight's deviation: what hardly moves must not count as much as what does
_LOG_EVERY, _WATCH_EVERY, _SAVE_EVERY = 50, 500, 250
_WATCHED = 75  # frames


@dataclass(frozen=True)
class Schedule:
    """Length and speed of a run: `steps` batches of `batch` windows of `frames`; the rate rises over the first 200
    steps and falls over the last half."""

    steps: int
    batch: int = 32
    frames: int = 80
    learning_rate: float = 1e-3

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        fall = 0.02 + 0.98 * (self.steps - step) / (0.5 * self.steps)
        return self.learning_rate * min(1.0, fall, (step + 1) / 200)


def train(corpus: Path, out: Path, preset: str, schedule: Schedule, seed: int = 0) -> None:
    """Train both flows on the corpus; the run's state and log go into `out`.

    Raises:
        TrainingDataError: there is no corpus.
    """
    kinds = load_items(corpus)
    network = SpeechNetwork(SPEECH_PRESETS[preset])
    _set_statistics(network, kinds)
    run = Run(out, network.train(), torch.optim.Adam(network.parameters(), fused=True))
    reach = (network.preset.mouth.past, network.preset.mouth.future)
    generator = torch.Generator().manual_seed(seed + run.step)
    for features, motion in batches(kinds, SHARES, schedule.batch, schedule.frames, reach, seed + run.step):
        if run.step >= schedule.steps:
            break
        losses = [_loss(part, features, generator) for part in _parts(network, motion)]
        run.advance(torch.stack(losses).sum(), schedule.rate(run.step))
        figures = {"mouth": losses[0].item(), "head": losses[1].item()}
        if run.step % _WATCH_EVERY == 0 or run.step == schedule.steps:
            figures |= {
                f"{name}_{kind}": value
                for kind in ("devgrid", "devsaid")
                for name, value in watch(cast(SpeechNetwork, run.average.module), kinds.get(kind, [])).items()
            }
        if run.step % _LOG_EVERY == 0 or run.step == schedule.steps:
            run.log(**figures)
        if run.step % _SAVE_EVERY == 0 or run.step == schedule.steps:
            run.save()


@torch.no_grad()
def watch(network: SpeechNetwork, items: Sequence[Item]) -> dict[str, float]:
    """On the first three seconds of items: nats a number of `mouth` and `head`, nothing forgotten, and the correlation
    of the `jaw` at temperature 0. Empty where no item is that long."""
    reach = (network.preset.mouth.past, network.preset.mouth.future)
    windows = [item.window(0, _WATCHED, *reach) for item in items if len(item.motion) >= _WATCHED]
    if not windows:
        return {}
    features, motion = (torch.from_numpy(np.stack(part)) for part in zip(*windows, strict=True))
    was_training = network.training
    network.eval()
    generator = torch.Generator().manual_seed(0)
    losses = [_loss(part, features, generator, forget=0).item() for part in _parts(network, motion)]
    noise = torch.zeros(len(windows), _WATCHED, len(MOUTH))
    jaw = network.mouth.sampler(len(windows))(noise, network.mouth.sound(features))[..., 0]
    agreement = [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(jaw.numpy(), motion[..., 0].numpy(), strict=True)]
    network.train(was_training)
    return {"mouth": losses[0], "head": losses[1], "jaw": float(np.mean(agreement))}


@dataclass(frozen=True)
class _Part:
    """One of the flows with its channels of a motion."""

    flow: ConditionalFlow
    motion: Tensor
    noise: float
    least: float


def _parts(network: SpeechNetwork, motion: Tensor) -> tuple[_Part, _Part]:
    mouth, head = motion.split([len(MOUTH), len(HEAD)], -1)
    return (
        _Part(network.mouth, mouth, _MOUTH_NOISE, _LEAST),
        _Part(network.head, head, _HEAD_NOISE, 0.05 * _LEAST),  # radians and fractions of the crop are small
    )


def _loss(part: _Part, features: Tensor, generator: torch.Generator, forget: float = FORGET) -> Tensor:
    """Negative log-likelihood, nats a number."""
    count, frames, channels = part.motion.shape
    motion = part.motion + part.noise * part.flow.deviation * torch.randn(part.motion.shape, generator=generator)
    forgotten = torch.rand(count, frames, part.flow.config.past, generator=generator) < forget
    _, log_density = part.flow(motion, features, forgotten)
    return -log_density.mean() / channels


def _set_statistics(network: SpeechNetwork, kinds: Mapping[str, Sequence[Item]]) -> None:
    """Mean and deviation of every channel, kinds weighted as they will be drawn."""
    means, squares = [], []
    shares = {kind: share for kind, share in SHARES.items() if kinds.get(kind)}
    for kind, share in shares.items():
        rows = np.concatenate([item.motion for item in kinds[kind]]).astype(np.float64)
        means.append(share * rows.mean(0))
        squares.append(share * (rows**2).mean(0))
    mean = np.sum(means, 0) / sum(shares.values())
    deviation = np.sqrt(np.maximum(np.sum(squares, 0) / sum(shares.values()) - mean**2, 0))
    moments = torch.from_numpy(np.stack([mean, deviation]))
    for part in _parts(network, moments):
        centre, spread = part.motion
        part.flow.mean.copy_(centre)
        part.flow.deviation.copy_(spread + part.least)
