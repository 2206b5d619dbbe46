"""Training of the flows by negative log-likelihood alone (paper, section 3.3). The same call resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch

from datasets.speech.items import Item, batches, load_items
from datasets.speech.likelihood import likelihood_loss, parts, watch
from models.audio import SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from training.run import Run

SHARES = {"grid": 0.45, "said": 0.45, "quiet": 0.1}

_LOG_EVERY, _WATCH_EVERY, _SAVE_EVERY = 50, 500, 250


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
        losses = [likelihood_loss(part, features, generator) for part in parts(network, motion)]
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
    for part in parts(network, moments):
        centre, spread = part.motion
        part.flow.mean.copy_(centre)
        part.flow.deviation.copy_(spread + part.least)
