"""Edits as users make them: a few named sliders and a turn of the head, relative to the photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, apply_controls

FAVOURITES = ("jawOpen", "eyeBlink", "mouthSmile", "browInnerUp", "mouthPucker", "browDown", "mouthFunnel")
"""Sliders that people use most: half of the draws are of these."""

_TURNS = {"yaw": 15.0, "pitch": 9.0, "roll": 9.0}  # degrees of standard deviation; two of them at most
_ONE_SIDED = 0.2


@dataclass(frozen=True)
class Edit:
    """Slider -> amount, and axis -> degrees, both relative to the source."""

    expression: Mapping[str, float] = field(default_factory=dict)
    pose: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        weights = [f"{name} {amount:+.2g}" for name, amount in self.expression.items()]
        return ", ".join(weights + [f"{axis} {degrees:+.0f}°" for axis, degrees in self.pose.items()])

    def apply(self, space: CoefficientSpace, own: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients [C] of a source with coefficients `own` [C] after the edit."""
        return apply_controls(space, own, expression=self.expression, pose=self.pose)


def draw_edit(space: CoefficientSpace, rng: np.random.Generator) -> Edit:
    """One to three sliders (or none, with a turn), and in two of three edits a turn about one or two axes."""
    turns = int(rng.integers(0, 3))
    sliders = int(rng.integers(0 if turns else 1, 4))
    expression: dict[str, float] = {}
    paired = {side for sides in space.shorthands.values() for side in sides}
    names = [*space.shorthands, *(name for name in space.index if name not in paired)]
    while len(expression) < sliders:
        name = str(rng.choice(FAVOURITES if rng.random() < 0.5 else names))
        names = [other for other in names if other != name]
        if any(name in (chosen, chosen.removesuffix("Left").removesuffix("Right")) for chosen in expression):
            continue
        if name in space.shorthands and rng.random() < _ONE_SIDED:
            name = str(rng.choice(space.shorthands[name]))
        expression[name] = round(float(rng.uniform(0.3, 1)), 2)
    axes = rng.permutation(list(_TURNS))[:turns]
    pose = {str(axis): round(float(np.clip(rng.normal(0, _TURNS[axis]), -30, 30)), 1) for axis in axes}
    return Edit(expression, pose)
