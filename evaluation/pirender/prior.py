"""The motion sampler of intuitive editing: VAEs on the coefficients of real photos, of which the decoders are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.coefficients import CoefficientSpace, constrain
from models.errors import EvaluationError

_HIDDEN, _STEPS, _BATCH, _RATE = 128, 1500, 128, 1e-3
_LEAST = 32  # rows: fewer describe photos, not faces
_FLOOR = 1e-4  # deviation of an entry that never changes


class _VAE(nn.Module):
    """A variational autoencoder of standardised rows [N, size] (Kingma & Welling 2014)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.latent = max(2, size // 2)
        self.encoder = nn.Sequential(nn.Linear(size, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 2 * self.latent))
        self.decoder = nn.Sequential(nn.Linear(self.latent, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, size))
        self.log_noise = nn.Parameter(torch.zeros(size))

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """The negative evidence lower bound, without its constant. The noise of every entry is learnt: its weight
        against the prior needs no tuning then."""
        mean, log_variance = self.encoder(rows).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=generator)
        error = (self.decoder(z) - rows) / self.log_noise.exp()
        fit = 0.5 * error.square().sum(1) + self.log_noise.sum()
        prior = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return (fit + prior).mean()


@dataclass(frozen=True)
class _Part:
    decoder: nn.Module
    latent: int
    noise: Tensor
    mean: Tensor
    deviation: Tensor

    @torch.no_grad()
    def draw(self, count: int, generator: torch.Generator) -> NDArray[np.float32]:
        rows = self.decoder(torch.randn(count, self.latent, generator=generator))
        rows = rows + self.noise * torch.randn(rows.shape, generator=generator)
        return (rows * self.deviation + self.mean).numpy().astype(np.float32)


class MotionPrior:
    """Draws expressions and poses as photos show them, apart from each other.

    Args:
        rows: coefficients of real frames [N, C].
        seed: of the training.

    Raises:
        EvaluationError: too few rows to learn from.
    """

    def __init__(self, space: CoefficientSpace, rows: NDArray[np.floating], seed: int = 0) -> None:
        if len(rows) < _LEAST:
            raise EvaluationError(f"the motion sampler needs {_LEAST} frames at least; the clips have {len(rows)}")
        self._space, count = space, len(space.expression)
        self._entries = (slice(0, count), slice(count, space.pose_start + 3))  # what shows in place is the source's own
        self._parts = [_fitted(torch.from_numpy(np.asarray(rows[:, part], np.float32)), seed) for part in self._entries]

    def sample(self, source: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float32]:
        """Motions [count, C] for a source [C], which keeps its x, y and zoom."""
        drawn = np.repeat(np.asarray(source, np.float32)[None], count, 0)
        generator = torch.Generator().manual_seed(seed)
        for entries, part in zip(self._entries, self._parts, strict=True):
            drawn[:, entries] = part.draw(count, generator)
        return constrain(self._space, drawn)


def _fitted(rows: Tensor, seed: int) -> _Part:
    mean, deviation = rows.mean(0), rows.std(0).clamp(min=_FLOOR)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = _VAE(rows.shape[1])
    optimiser = torch.optim.Adam(vae.parameters(), _RATE)
    scaled = (rows - mean) / deviation
    for _ in range(_STEPS):
        chosen = torch.randint(len(scaled), (_BATCH,), generator=generator)
        loss = vae.loss(scaled[chosen], generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    noise = vae.log_noise.detach().exp().clamp(max=1)
    return _Part(vae.decoder.requires_grad_(False), vae.latent, noise, mean, deviation)
