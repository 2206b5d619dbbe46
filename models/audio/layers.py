"""The invertible layers of the flow: ActNorm, an LU-parametrised 1×1, affine coupling with a recurrent network
(Glow, Kingma & Dhariwal 2018; MoGlow, Henter et al. 2020). Motion x to noise z is `forward`, noise to motion `inverse`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]
"""An LSTM's hidden and cell state, each [N, hidden]."""


class ActNorm(nn.Module):
    """x ↦ exp(log_scale)·(x + bias), set by the first batch so that its output has mean 0 and variance 1."""

    ready: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bias, self.log_scale = nn.Parameter(torch.zeros(size)), nn.Parameter(torch.zeros(size))
        self.register_buffer("ready", torch.tensor(0.0))  # a float: running averages take it along

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[..., size] -> the same and the log-determinant, a scalar."""
        if self.training and self.ready == 0:
            self._initialise(x)
        return (x + self.bias) * self.log_scale.exp(), self.log_scale.sum()

    def inverse(self, z: Tensor) -> Tensor:
        return z * (-self.log_scale).exp() - self.bias

    @torch.no_grad()
    def _initialise(self, x: Tensor) -> None:
        rows = x.reshape(-1, x.shape[-1])
        self.bias.copy_(-rows.mean(0))
        self.log_scale.copy_(-(rows.std(0) + 1e-4).log())
        self.ready.fill_(1)


class Invertible(nn.Module):
    """x ↦ W·x with W = P·L·(U + diag(s)): the determinant is the product of s, and P never changes."""

    permutation: Tensor
    sign: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(size, size))[0]
        p, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", p)
        self.register_buffer("sign", diagonal.sign())
        self.lower, self.upper = nn.Parameter(lower.tril(-1)), nn.Parameter(upper.triu(1))
        self.log_diagonal = nn.Parameter(diagonal.abs().log())

    def matrix(self) -> Tensor:
        """W [size, size]."""
        one = torch.eye(len(self.sign), device=self.sign.device)
        upper = self.upper.triu(1) + torch.diag(self.sign * self.log_diagonal.exp())
        return self.permutation @ (self.lower.tril(-1) + one) @ upper

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[..., size] -> the same and the log-determinant, a scalar."""
        return x @ self.matrix().T, self.log_diagonal.sum()

    def inverse(self, z: Tensor) -> Tensor:
        return z @ torch.linalg.inv(self.matrix()).T


class Recurrent(nn.Module):
    """An LSTM and a zero-initialised linear head: a whole sequence at once, or a frame at a time with its state."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.head = nn.Linear(hidden, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def start(self, count: int) -> State:
        """The state before the first frame of `count` sequences."""
        zero = self.head.weight.new_zeros(count, self.lstm.hidden_size)
        return zero, zero

    def forward(self, x: Tensor) -> Tensor:
        """[N, T, inputs] -> [N, T, outputs]."""
        output: Tensor = self.head(self.lstm(x)[0])
        return output

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, inputs] and the state -> [N, outputs] and the next state; the same numbers as `forward`."""
        state = torch.lstm_cell(x, state, *self.lstm.all_weights[0])
        return self.head(state[0]), state


@dataclass(frozen=True)
class Affine:
    """A shift and a scale of the same size."""

    shift: Tensor
    scale: Tensor

    @classmethod
    def of(cls, output: Tensor) -> Affine:
        """Of a network's output [..., 2·size]; StyleGestures' scale sigmoid(s + 2) + 1e-6 cannot collapse."""
        shift, raw = output.chunk(2, -1)
        return cls(shift, torch.sigmoid(raw + 2) + 1e-6)


class Coupling(nn.Module):
    """The second half of x, moved and scaled by what an LSTM makes of the first half and the condition."""

    def __init__(self, size: int, condition: int, hidden: int) -> None:
        super().__init__()
        self.kept = size // 2
        self.network = Recurrent(self.kept + condition, hidden, 2 * (size - self.kept))

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """[N, T, size] and [N, T, condition] -> the same and the log-determinant [N, T]."""
        kept, moved = x[..., : self.kept], x[..., self.kept :]
        affine = Affine.of(self.network(torch.cat([kept, condition], -1)))
        return torch.cat([kept, (moved + affine.shift) * affine.scale], -1), affine.scale.log().sum(-1)

    def inverse(self, z: Tensor, condition: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, size], [N, condition] and the LSTM's state -> the same of one frame."""
        kept, moved = z[..., : self.kept], z[..., self.kept :]
        output, state = self.network.step(torch.cat([kept, condition], -1), state)
        affine = Affine.of(output)
        return torch.cat([kept, moved / affine.scale - affine.shift], -1), state


class Conditioned(nn.Module):
    """x ↦ (x - μ)·exp(-s) with μ and s from the condition alone: the motion that the sound makes likely is taken off
    first, and what is left to the couplings is how a motion differs from it."""

    def __init__(self, size: int, condition: int, hidden: int) -> None:
        super().__init__()
        self.network = Recurrent(condition, hidden, 2 * size)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """[N, T, size] and [N, T, condition] -> the same and the log-determinant [N, T]."""
        mean, log_scale = self._bounded(self.network(condition))
        return (x - mean) * (-log_scale).exp(), -log_scale.sum(-1)

    def inverse(self, z: Tensor, condition: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, size], [N, condition] and the LSTM's state -> the same of one frame."""
        output, state = self.network.step(condition, state)
        mean, log_scale = self._bounded(output)
        return z * log_scale.exp() + mean, state

    @staticmethod
    def _bounded(output: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = output.chunk(2, -1)
        return mean, 3 * torch.tanh(raw / 3)
