"""f_θ, the conditional normalizing flow of the paper's section 3.3.

n ~ N(0, I) ↔ p_i given c_i = (p_{i-k:i-1}, a_{i-k:i+τ}).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from models.audio.features import BANDS, HOPS_PER_FRAME
from models.audio.layers import ActNorm, Conditioned, Coupling, Invertible, State


@dataclass(frozen=True)
class FlowConfig:
    """A flow's size.

    Attributes:
        channels: D, numbers of a frame's motion.
        steps: K, each an ActNorm, a 1×1 and a coupling.
        hidden: of the couplings' LSTMs.
        condition: size of what the encoder makes of c_i.
        width: channels of the sound's convolutions.
        past: k, frames of motion and of sound before the one in question.
        future: τ, frames of sound after it.
    """

    channels: int
    steps: int
    hidden: int
    condition: int
    width: int
    past: int = 5
    future: int = 10


class SoundEncoder(nn.Module):
    """Log-mel hops a_{i-k:i+τ} to one vector a frame: convolutions without padding that see exactly that window."""

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        width, window = config.width, config.past + 1 + config.future
        kernels = [window // 3 + 1, window // 3 + 1]
        kernels.append(window + 2 - sum(kernels))
        self.frame = nn.Conv1d(BANDS, width, HOPS_PER_FRAME, HOPS_PER_FRAME)
        self.context = nn.ModuleList(nn.Conv1d(width, width, kernel) for kernel in kernels)

    def forward(self, features: Tensor) -> Tensor:
        """[N, 4·(k + T + τ), BANDS] -> [N, T, width]."""
        x = nn.functional.gelu(self.frame(features.transpose(1, 2)))
        for layer in self.context:
            x = nn.functional.gelu(layer(x))
        return x.transpose(1, 2)


class FlowStep(nn.Module):
    """One of the K steps."""

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.norm, self.mix = ActNorm(config.channels), Invertible(config.channels)
        self.coupling = Coupling(config.channels, config.condition, config.hidden)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        x, norm = self.norm(x)
        x, mix = self.mix(x)
        x, coupling = self.coupling(x, condition)
        return x, norm + mix + coupling


class ConditionalFlow(nn.Module):
    """Density and sampler of motions [N, T, D] that go with a sound. Motions are standardised inside.

    `mean` and `deviation` [D] are set from the training data.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.channels))
        self.register_buffer("deviation", torch.ones(config.channels))
        self.sound = SoundEncoder(config)
        self.condition = nn.Sequential(
            nn.Linear(config.width + config.past * config.channels, config.condition), nn.GELU()
        )
        self.first = Conditioned(config.channels, config.condition, config.hidden)
        self.steps = nn.ModuleList(FlowStep(config) for _ in range(config.steps))

    def standardised(self, motion: Tensor) -> Tensor:
        return (motion - self.mean) / self.deviation

    def forward(self, motion: Tensor, features: Tensor, forgotten: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Motion to noise, sequences that begin at rest.

        Args:
            motion: [N, T, D].
            features: of its sound, [N, 4·(k + T + τ), BANDS].
            forgotten: bool [N, T, k]: previous frames p_{i-k:i-1} that the network is not shown (they read as mean).

        Returns:
            z [N, T, D] and log p(motion | c) [N, T] in nats, of the standardised motion.
        """
        x = self.standardised(motion)
        condition = self.encoded(self.sound(features), self._previous(x, forgotten))
        z, total = self.first(x, condition)
        for step in self.steps:
            z, log_determinant = step(z, condition)
            total = total + log_determinant
        prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
        return z, prior + total

    def _previous(self, x: Tensor, forgotten: Tensor | None) -> Tensor:
        past = self.config.past
        earlier = nn.functional.pad(x, (0, 0, past, 0)).unfold(1, past, 1)[:, :-1].transpose(2, 3)
        if forgotten is not None:
            earlier = earlier.masked_fill(forgotten[..., None], 0)
        return earlier.flatten(2)

    def encoded(self, sound: Tensor, previous: Tensor) -> Tensor:
        """c_i [..., condition] of the encoded sound [..., width] and the standardised frames before [..., k·D]."""
        condition: Tensor = self.condition(torch.cat([sound, previous], -1))
        return condition

    def sampler(self, count: int = 1) -> FlowSampler:
        """A sampler of `count` motions at once, at rest."""
        return FlowSampler(self, count)


_LEASH = 5.0  # deviations from the mean: what a sampler's own output may mislead it to, however long it runs


class FlowSampler:
    """Noise to motion, a frame at a time; holds previous frames and the LSTMs' states.

    What a 1×1 and an ActNorm do is one matrix and one vector, found once.
    """

    def __init__(self, flow: ConditionalFlow, count: int) -> None:
        self._flow = flow
        config, device = flow.config, flow.mean.device
        self._previous = torch.zeros(count, config.past, config.channels, device=device)
        self._steps = [cast(FlowStep, step) for step in flow.steps]
        layers: list[Conditioned | Coupling] = [flow.first, *(step.coupling for step in self._steps)]
        self._states: list[State] = [layer.network.start(count) for layer in layers]
        self._undo = [self._affine(step) for step in self._steps]

    @staticmethod
    def _affine(step: FlowStep) -> tuple[Tensor, Tensor]:
        """A and b of x = z·A + b, the inverse of the step's 1×1 and ActNorm."""
        matrix = torch.linalg.inv(step.mix.matrix().double()).T * (-step.norm.log_scale.double()).exp()
        return matrix.float(), -step.norm.bias

    @torch.inference_mode()
    def __call__(self, noise: Tensor, sound: Tensor) -> Tensor:
        """Noise [N, T, D] and the sound encoder's output [N, T, width] to the next T frames of motion [N, T, D]."""
        frames = [self._frame(noise[:, i], sound[:, i]) for i in range(noise.shape[1])]
        return torch.stack(frames, 1) * self._flow.deviation + self._flow.mean

    def _frame(self, z: Tensor, sound: Tensor) -> Tensor:
        flow = self._flow
        condition = flow.encoded(sound, self._previous.flatten(1))
        for number in range(len(self._steps), 0, -1):
            coupling, (matrix, bias) = self._steps[number - 1].coupling, self._undo[number - 1]
            z, self._states[number] = coupling.inverse(z, condition, self._states[number])
            z = z @ matrix + bias
        x, self._states[0] = flow.first.inverse(z, condition, self._states[0])
        x = x.clamp(-_LEASH, _LEASH)
        self._previous = torch.cat([self._previous[:, 1:], x[:, None]], 1)
        return x
