"""A moving average of the weights: what a run releases."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn


class Decay(Protocol):
    """The fraction that the average keeps of itself at its n-th update, n from 1."""

    def __call__(self, update: int) -> float:
        """The fraction, in [0, 1]."""


@dataclass(frozen=True)
class Constant:
    """The same fraction at every update."""

    kept: float

    def __call__(self, update: int) -> float:  # noqa: ARG002
        return self.kept

    def __str__(self) -> str:
        return f"keeps {self.kept:.6f} a step"


@dataclass(frozen=True)
class Growing:
    """A memory that grows with the run up to `most`, so that the first weights are soon forgotten.

    Attributes:
        lag: updates n after which the average keeps n / (n + lag).
        replaces_first: the first update takes the weights as they are.
    """

    most: float
    lag: int = 9
    replaces_first: bool = True

    def __call__(self, update: int) -> float:
        if update == 1 and self.replaces_first:
            return 0.0
        return min(self.most, update / (update + self.lag))

    def __str__(self) -> str:
        return f"keeps up to {self.most:g} a step"


class WeightAverage:
    """A copy of a model, in evaluation mode, whose tensors follow the model's.

    Attributes:
        model: the averaged copy.
    """

    def __init__(self, model: nn.Module, decay: Decay) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
        self.decay = decay
        # Optimisers and `load_state_dict` write into these tensors, so they stay the same ones for the whole run.
        self._tensors = list(zip(self.model.state_dict().values(), model.state_dict().values(), strict=True))

    @torch.no_grad()
    def update(self, number: int) -> None:
        """Follow the model after its step `number`, from 1: floating point is averaged, counters are copied."""
        weight = 1 - self.decay(number)
        for average, current in self._tensors:
            if average.is_floating_point():
                average.lerp_(current, weight)
            else:
                average.copy_(current)
