"""How far the lips are apart, and how well two such tracks agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.coefficients import ARKIT
from models.face3d.landmark_mesh import LandmarkMesh

LAGS = range(-5, 6)
"""Frames that a motion may come too late (above 0) or too early."""

_UPPER, _LOWER = (13, 82, 312), (14, 87, 317)  # MediaPipe's inner lips: middle and both sides of it
_TOP, _CHIN = 10, 152
_COUNT = len(ARKIT.expression)


@dataclass(frozen=True, eq=False)
class LipGap:
    """The gap between the inner lips of the 3DMM, per cent of the face's height: linear in the weights, 0 at rest."""

    slope: NDArray[np.float64]

    @classmethod
    def of_mesh(cls, data: Path) -> LipGap:
        """Of the training data folder's 3DMM. Raises TrainingDataError where it is missing."""
        mesh = LandmarkMesh.load(data)
        height = mesh.mean[_TOP, 1] - mesh.mean[_CHIN, 1]
        apart = mesh.expression[:, _UPPER, 1].mean(1) - mesh.expression[:, _LOWER, 1].mean(1)
        return cls(100 * apart / height)

    def __call__(self, motion: NDArray[np.floating]) -> NDArray[np.float64]:
        """[T] of coefficients, or of changes of them, [T, 59]."""
        return np.asarray(motion[:, :_COUNT] @ self.slope, np.float64)


def correlations(real: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of two tracks [T] at every lag of `LAGS`: predicted frame i + lag against real frame i."""
    values = []
    for lag in LAGS:
        a = real[max(0, -lag) : len(real) - max(0, lag)]
        b = predicted[max(0, lag) : len(predicted) + min(0, lag)]
        values.append(float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0)
    return np.array(values)


@dataclass(frozen=True)
class Agreement:
    """How predicted lips follow real ones, means over clips.

    Attributes:
        best: correlation at each clip's best lag within ±1 frame; `still`: at no lag.
        shuffled: `best` of every clip's prediction against the next clip's lips: what is right by chance.
        amplitude: deviation of the predicted lips over that of the real ones; the clips' median.
        lag: mean of the best lags, frames; above 0 the motion comes late.
        offset: lag, in frames and fractions, at which the mean correlation is highest: the offset of motion and sound.
    """

    best: float
    still: float
    shuffled: float
    amplitude: float
    lag: float
    offset: float

    @classmethod
    def of(cls, tracks: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Agreement:
        """Of pairs of real and predicted lip gaps."""
        pairs = list(tracks)
        curves = np.stack([correlations(real, predicted) for real, predicted in pairs])
        others = [
            correlations(other[: len(predicted)], predicted[: len(other)])
            for (_, predicted), (other, _) in zip(pairs, [*pairs[1:], pairs[0]], strict=True)
        ]
        zero = LAGS.index(0)
        near = slice(zero - 1, zero + 2)
        return cls(
            float(curves[:, near].max(1).mean()),
            float(curves[:, zero].mean()),
            float(np.stack(others)[:, near].max(1).mean()),
            float(np.median([predicted.std() / max(real.std(), 1e-9) for real, predicted in pairs])),
            float((curves[:, near].argmax(1) - 1).mean()),
            peak(curves.mean(0)) + LAGS[0],
        )


def peak(curve: NDArray[np.float64]) -> float:
    """Where a curve is highest, in samples and fractions: the top of the parabola through the highest three."""
    top = int(np.clip(curve.argmax(), 1, len(curve) - 2))
    left, middle, right = curve[top - 1 : top + 2]
    bend = left - 2 * middle + right
    return top + float(np.clip(0.5 * (left - right) / bend, -1, 1)) if bend < 0 else float(curve.argmax())
