"""The edits that every bundle is checked on, what is measured of them, and the thresholds they must meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from evaluation.measures import eye_opening, face_height, lip_opening, turn
from models.coefficients import CoefficientSpace, apply_controls, rotation_matrix

Vector = NDArray[np.float32]
"""Coefficients of one frame."""


@dataclass(frozen=True)
class Threshold:
    """The interval that a measured value must lie in."""

    low: float = -np.inf
    high: float = np.inf

    def admits(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if np.isinf(self.high):
            return f"≥ {self.low:g}"
        return f"≤ {self.high:g}" if np.isinf(self.low) else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class SliderCheck:
    """A relative edit of one expression slider, measured on the judge's landmarks."""

    slider: str
    amount: float
    unit: str
    measured: Callable[[FaceReading, FaceReading], float]
    threshold: Threshold
    extracted_unit = "fraction of the requested change"

    @property
    def name(self) -> str:
        return f"{self.slider} {self.amount:+g}"

    def edit(self, space: CoefficientSpace, source: Vector) -> Vector:
        """Coefficients of the edited portrait."""
        return apply_controls(space, source, expression={self.slider: self.amount})

    def judged(self, before: FaceReading, after: FaceReading) -> float:
        """The effect that the judge sees, in `unit`."""
        return self.measured(before, after)

    def extracted(self, space: CoefficientSpace, source: Vector, requested: Vector, found: Vector) -> float | None:
        """How much of the slider's change our extractor finds again; None where the source left none to make."""
        sides = [space.index[name] for name in space.shorthands.get(self.slider, (self.slider,))]
        possible = float((requested - source)[sides].sum())
        return float((found - source)[sides].sum()) / possible if possible else None


@dataclass(frozen=True)
class TurnCheck:
    """A relative turn of the head about one axis; the response counts along the requested direction, in degrees."""

    axis: str
    degrees: float
    threshold: Threshold
    unit = extracted_unit = "degrees"

    @property
    def name(self) -> str:
        return f"{self.axis} {self.degrees:+g}"

    def edit(self, space: CoefficientSpace, source: Vector) -> Vector:
        """Coefficients of the edited portrait."""
        return apply_controls(space, source, pose={self.axis: self.degrees})

    def judged(self, before: FaceReading, after: FaceReading) -> float:
        """The turn that the judge sees; negative if it goes the wrong way."""
        return self._response(before.rotation, after.rotation)

    def extracted(self, space: CoefficientSpace, source: Vector, requested: Vector, found: Vector) -> float | None:  # noqa: ARG002
        """The turn that our extractor sees."""
        angles = slice(len(space.expression), len(space.expression) + 3)
        return self._response(rotation_matrix(*source[angles]), rotation_matrix(*found[angles]))

    def _response(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
        position = ("yaw", "pitch", "roll").index(self.axis)
        return float(np.sign(self.degrees) * turn(before, after)[position])


Check = SliderCheck | TurnCheck


def _lips_part(before: FaceReading, after: FaceReading) -> float:
    return 100 * (lip_opening(after) - lip_opening(before)) / face_height(before)


def _eyes_stay_open(before: FaceReading, after: FaceReading) -> float:
    return eye_opening(after) / eye_opening(before)


CHECKS: tuple[Check, ...] = (
    SliderCheck("jawOpen", 0.6, "lip opening, % of face height", _lips_part, Threshold(low=8)),
    SliderCheck("eyeBlink", 1.0, "eye opening, ratio to source", _eyes_stay_open, Threshold(high=0.2)),
    *(TurnCheck(axis, degrees, Threshold(7, 20)) for axis in ("yaw", "pitch", "roll") for degrees in (15.0, -15.0)),
)

ZERO_EDIT = Threshold(low=30)
"""PSNR in dB that an edit of nothing must reach in the face crop, through the networks."""
