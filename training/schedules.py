"""Learning rates by step. Each is called with the number of steps made before, and describes itself with `str`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch


class LearningRate(Protocol):
    """The learning rate of a step."""

    def __call__(self, step: int) -> float:
        """The rate of the step that `step` others came before."""


@dataclass(frozen=True)
class LinearDecay:
    """A linear warm-up, full speed, and a straight line down over the end of the run.

    Attributes:
        peak: the rate at full speed.
        steps: of the whole run.
        decay: fraction of the run over which the rate falls.
        warmup: steps.
        last: fraction of the peak that is left in the end.
    """

    peak: float
    steps: int
    decay: float = 0.4
    warmup: int = 200
    last: float = 0.02

    def __call__(self, step: int) -> float:
        fall = self.last + (1 - self.last) * (self.steps - step) / (self.decay * self.steps)
        return self.peak * min(1.0, fall, (step + 1) / self.warmup)

    def __str__(self) -> str:
        return f"{self.peak:g} after {self.warmup} steps, falls to {self.last:.0%} over the last {self.decay:.0%}"


@dataclass(frozen=True)
class CosineDecay:
    """A linear warm-up, and a cosine down to nothing over the whole run of `steps`."""

    peak: float
    steps: int
    warmup: int = 200

    def __call__(self, step: int) -> float:
        progress = min(step / self.steps, 1.0)
        cosine = 0.5 * (1 + float(torch.cos(torch.tensor(progress * math.pi))))
        return self.peak * min((step + 1) / self.warmup, 1.0) * cosine

    def __str__(self) -> str:
        return f"{self.peak:g} after {self.warmup} steps, falls to 0 along a cosine"


@dataclass(frozen=True)
class StepDecay:
    """`rate`, multiplied by `factor` from step `after` on, of `steps` in all."""

    rate: float
    after: int
    factor: float
    steps: int

    def __call__(self, step: int) -> float:
        return self.rate * (self.factor if step >= self.after else 1.0)

    def __str__(self) -> str:
        dropped = f", {self(self.after):g} after step {self.after}" if self.after < self.steps else ""
        return f"{self.rate:g}{dropped}"
