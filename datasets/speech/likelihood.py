"""Likelihood of motion under the speech flows: the training loss, and what training and evaluation watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from datasets.speech.items import Item
from models.audio import SpeechNetwork
from models.audio.channels import HEAD, MOUTH
from models.audio.flow import ConditionalFlow

FORGET = 0.4
"""Fraction of the previous frames that a network is not shown, each by chance (StyleGestures), so that it listens."""

# In deviations. Weights that are exactly 0 most of the time would have no density; heads, which are never still, need
# less: it would make them tremble.
_MOUTH_NOISE, _HEAD_NOISE = 0.07, 0.02
_LEAST = 0.06  # added to every weight's deviation: what hardly moves must not count as much as what does
_WATCHED = 75  # frames


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
    losses = [likelihood_loss(part, features, generator, forget=0).item() for part in parts(network, motion)]
    noise = torch.zeros(len(windows), _WATCHED, len(MOUTH))
    jaw = network.mouth.sampler(len(windows))(noise, network.mouth.sound(features))[..., 0]
    agreement = [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(jaw.numpy(), motion[..., 0].numpy(), strict=True)]
    network.train(was_training)
    return {"mouth": losses[0], "head": losses[1], "jaw": float(np.mean(agreement))}


@dataclass(frozen=True)
class Part:
    """One of the flows with its channels of a motion."""

    flow: ConditionalFlow
    motion: Tensor
    noise: float
    least: float


def parts(network: SpeechNetwork, motion: Tensor) -> tuple[Part, Part]:
    mouth, head = motion.split([len(MOUTH), len(HEAD)], -1)
    return (
        Part(network.mouth, mouth, _MOUTH_NOISE, _LEAST),
        Part(network.head, head, _HEAD_NOISE, 0.05 * _LEAST),  # radians and fractions of the crop are small
    )


def likelihood_loss(part: Part, features: Tensor, generator: torch.Generator, forget: float = FORGET) -> Tensor:
    """Negative log-likelihood, nats a number."""
    count, frames, channels = part.motion.shape
    motion = part.motion + part.noise * part.flow.deviation * torch.randn(part.motion.shape, generator=generator)
    forgotten = torch.rand(count, frames, part.flow.config.past, generator=generator) < forget
    _, log_density = part.flow(motion, features, forgotten)
    return -log_density.mean() / channels
