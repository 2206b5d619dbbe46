"""Sliders in, coefficients out: the semantics of an edit's `controls`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.coefficients.change import Change
from models.coefficients.space import POSE_LIMITS, CoefficientSpace
from models.errors import ControlError

Mode = Literal["relative", "absolute"]


def apply_controls(
    space: CoefficientSpace,
    source: NDArray[np.float32],
    *,
    mode: Mode = "relative",
    expression: Mapping[str, float] | None = None,
    pose: Mapping[str, float] | None = None,
    coefficients: Sequence[float] | None = None,
) -> NDArray[np.float32]:
    """Coefficients [size] float32 of the edited portrait, from those of the source.

    relative: an expression value in [-1, 1] is added to the source's own and the sum clamped to [0, 1]; rotation is
    R_delta · R_source; x and y are added; zoom multiplies. absolute: a value in [0, 1] replaces the source's; a pose
    axis that is named replaces the source's. What is not named is kept. `pose` is in the API's units: degrees,
    fractions of the crop, zoom factor. A shorthand sets both sides.

    `coefficients` [size], as extraction returns them, take the place of the source's own whatever the mode;
    `expression` and `pose` then act on them.

    Raises ControlError, which names the field, for unknown names, values out of range or not finite, and a shorthand
    together with one of its sides.
    """
    change = read_change(space, mode, expression or {}, pose or {})
    base = np.asarray(source, np.float64) if coefficients is None else _raw(space, coefficients)
    if base.shape != (space.size,):
        raise ControlError(f"the source has shape {base.shape}; the space {space.name} takes ({space.size},)")
    return constrain(space, change.on(base[None])[0])


def read_change(
    space: CoefficientSpace, mode: Mode, expression: Mapping[str, float], pose: Mapping[str, float]
) -> Change:
    """What sliders and pose axes change, in one frame; as `apply_controls` takes them. Raises ControlError."""
    if mode not in ("relative", "absolute"):
        raise ControlError(f"mode is {mode!r}; use 'relative' or 'absolute'", field="mode")
    values, named = np.zeros(space.size), np.zeros(space.size, bool)
    for index, value in chain(_sliders(space, mode, expression), _axes(space, pose)):
        values[index], named[index] = value, True
    replaced = named.astype(np.float64) if mode == "absolute" else np.zeros(space.size)
    return Change(space, values[None], replaced[None], turns=mode == "relative")


def constrain(space: CoefficientSpace, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
    """Coefficients [..., size] with every expression weight in its range and mouthClose ≤ jawOpen.

    `mouthClose` is a corrective of `jawOpen`: beyond it the lips would pass through each other.
    """
    result = np.array(coefficients, np.float32)
    weights = result[..., : len(space.expression)]
    low, high = np.array([slider.limits for slider in space.expression], np.float32).T
    np.clip(weights, low, high, out=weights)
    if {"mouthClose", "jawOpen"} <= space.index.keys():
        close, jaw = space.index["mouthClose"], space.index["jawOpen"]
        result[..., close] = np.minimum(result[..., close], result[..., jaw])
    return result


def _sliders(space: CoefficientSpace, mode: Mode, expression: Mapping[str, float]) -> Iterator[tuple[int, float]]:
    """Index and value of every weight that is named."""
    for name, value in expression.items():
        field = f"expression.{name}"
        sides = space.shorthands.get(name, (name,))
        if twice := [side for side in sides if side != name and side in expression]:
            raise ControlError(f"{name} already sets {twice[0]}; send one of the two", field=field)
        for side in sides:
            if side not in space.index:
                raise ControlError(
                    f"{name} is no slider of the space {space.name}; GET /sliders lists them", field=field
                )
            slider = space.expression[space.index[side]]
            low = slider.min if mode == "absolute" else -slider.max
            yield slider.index, _checked(value, low, slider.max, f"{name} ({mode})", field)


def _axes(space: CoefficientSpace, pose: Mapping[str, float]) -> Iterator[tuple[int, float]]:
    """Index and value of every pose axis that is named, in the coefficients' units: radians, log zoom."""
    axes = {axis.name: (space.pose_start + place, axis) for place, axis in enumerate(space.pose)}
    for name, value in pose.items():
        if name not in axes:
            raise ControlError(f"{name} is no pose axis; use {', '.join(axes)}", field=f"pose.{name}")
        index, axis = axes[name]
        amount = _checked(value, axis.min, axis.max, f"{name} ({axis.unit})", f"pose.{name}")
        yield index, {"degrees": math.radians, "factor": math.log}.get(axis.unit, float)(amount)


def _raw(space: CoefficientSpace, coefficients: Sequence[float]) -> NDArray[np.float64]:
    if len(coefficients) != space.size:
        raise ControlError(f"{len(coefficients)} coefficients; {space.name} has {space.size}", field="coefficients")
    labels = [*(slider.name for slider in space.expression), *space.extra, *POSE_LIMITS]
    return np.array(
        [
            _checked(value, low, high, f"coefficient {index} ({name})", f"coefficients.{index}")
            for index, (value, name, (low, high)) in enumerate(zip(coefficients, labels, space.limits, strict=True))
        ]
    )


def _checked(value: float, low: float, high: float, what: str, field: str) -> float:
    if not low <= value <= high:  # also false for NaN
        raise ControlError(f"{what} is {value}; send a number from {low:g} to {high:g}", field=field)
    return float(value)
