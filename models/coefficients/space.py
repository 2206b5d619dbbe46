"""What the entries of a coefficient vector mean: sliders, pose axes, presets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

POSE_SIZE = 6
"""Every space of ours ends with yaw, pitch, roll (radians), x, y (fractions of the crop), log zoom."""


@dataclass(frozen=True)
class Slider:
    """One expression axis.

    `min` and `max` bound what a request may ask for; a relative edit may add ±max. The weight itself stays within them
    too, or within ±`bound` where a face may show more than a request may ask for.
    """

    name: str
    index: int
    group: str
    side: str | None
    min: float
    max: float
    description: str
    weakly_observed: bool
    bound: float | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Least and largest weight."""
        return (self.min, self.max) if self.bound is None else (-self.bound, self.bound)

    @property
    def shorthand(self) -> str | None:
        """The two-sided name that moves this slider together with its mirror image."""
        return self.name.removesuffix("Left").removesuffix("Right") if self.side else None


@dataclass(frozen=True)
class PoseAxis:
    """One axis of head pose as the API speaks it (degrees, fractions of the crop, zoom factor)."""

    name: str
    unit: str
    min: float
    max: float


def _as_it_is(coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
    return coefficients


# Bounds of raw pose coefficients. They are wider than the sliders', because a photo may show a pose that no slider
# asks for, and narrow enough that a slip of units (degrees for radians, a factor for its logarithm) is noticed.
POSE_LIMITS = {"yaw": math.pi / 2, "pitch": math.pi / 2, "roll": math.pi, "x": 1.0, "y": 1.0, "log zoom": math.log(4)}
EXTRA_LIMIT = 10.0


@dataclass(frozen=True)
class CoefficientSpace:
    """A coefficient space: `size` numbers, the expression weights first, then `extra`, then the six of the pose."""

    name: str
    expression: tuple[Slider, ...]
    pose: tuple[PoseAxis, ...]
    presets: Mapping[str, Mapping[str, Any]]
    mirrored: Mapping[str, str]
    """Directions that are each other's mirror image without being sides (`jawLeft`: `jawRight`)."""
    extra: tuple[str, ...] = ()
    """Numbers that no slider moves and that follow a driver with its translation."""
    network_vector: Callable[[NDArray[np.floating]], NDArray[np.floating]] = _as_it_is
    """Coefficients [..., size] as the networks were trained to read them, [..., size]."""

    @property
    def size(self) -> int:
        return len(self.expression) + len(self.extra) + POSE_SIZE

    @property
    def pose_start(self) -> int:
        """Index of yaw, the first of the pose."""
        return self.size - POSE_SIZE

    @cached_property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """Least and largest value of every raw coefficient that may be sent."""
        return (
            *(slider.limits for slider in self.expression),
            *((-EXTRA_LIMIT, EXTRA_LIMIT) for _ in self.extra),
            *((-limit, limit) for limit in POSE_LIMITS.values()),
        )

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Vector index of every expression slider."""
        return {slider.name: slider.index for slider in self.expression}

    @cached_property
    def shorthands(self) -> Mapping[str, tuple[str, str]]:
        """Two-sided names and the sliders they stand for, left first."""
        names = [slider.shorthand for slider in self.expression if slider.side == "left" and slider.shorthand]
        return {name: (f"{name}Left", f"{name}Right") for name in names}

    @cached_property
    def _mirror(self) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Permutation and signs of the left-right flip."""
        order = np.arange(self.size)
        for pair in [*self.shorthands.values(), *self.mirrored.items()]:
            left, right = (self.index[name] for name in pair)
            order[[left, right]] = right, left
        signs = np.ones(self.size, np.float32)
        yaw, _, roll, x, _, _ = range(self.pose_start, self.size)
        signs[[yaw, roll, x]] = -1
        return order, signs

    def mirror(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients [..., size] of the left-right flipped picture."""
        order, signs = self._mirror
        return coefficients[..., order] * signs

    def document(self) -> dict[str, Any]:
        """The JSON of `GET /sliders`: everything a client needs to draw sliders and check its requests."""
        return {
            "space": self.name,
            "coefficients": self.size,
            "expression": [
                {
                    "name": slider.name,
                    "index": slider.index,
                    "group": slider.group,
                    "side": slider.side,
                    "min": slider.min,
                    "max": slider.max,
                    "description": slider.description,
                    "weakly_observed": slider.weakly_observed,
                }
                for slider in self.expression
            ],
            "shorthands": {name: list(sides) for name, sides in self.shorthands.items()},
            "pose": [{"name": a.name, "unit": a.unit, "min": a.min, "max": a.max} for a in self.pose],
            "presets": {name: dict(controls) for name, controls in self.presets.items()},
        }
