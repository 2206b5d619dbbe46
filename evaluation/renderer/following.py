"""Whether a driven face follows its driver in time: correlations of what the judge reads in both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from evaluation.judge import Judge
from evaluation.measures import face_height, lip_opening
from models.coefficients import euler_angles

LIPS, YAW, PITCH = "lips follow", "yaw follows", "pitch follows"
ACROSS = ", another face"
"""Ending of the names of measures whose source is another person."""

LEAST = {LIPS: 0.003, YAW: 1.0, PITCH: 1.0}
"""Standard deviation in the driver, heights of the face and degrees, below which a correlation would measure noise."""

FOLLOWED = (LIPS, YAW, PITCH)
LEAST_FRAMES = 5


def following(judge: Judge, driver: NDArray[np.uint8], made: NDArray[np.uint8]) -> dict[str, float]:
    """Correlation of `FOLLOWED` in two clips of T frames [T, S, S, 3], which are seen at the same times.

    What moves too little in the driver (`LEAST`) is left out; what does not move at all in `made` follows at 0.
    """
    read = [(judge.read(a), judge.read(b)) for a, b in zip(driver, made, strict=True)]
    both = [(_numbers(a), _numbers(b)) for a, b in read if a is not None and b is not None]
    if len(both) < LEAST_FRAMES:
        return {}
    requested, found = np.array(both).transpose(1, 2, 0)
    moving = {name: (a, b) for name, a, b in zip(FOLLOWED, requested, found, strict=True) if a.std() > LEAST[name]}
    return {name: float(np.corrcoef(a, b)[0, 1]) if b.std() > 1e-9 else 0.0 for name, (a, b) in moving.items()}


def _numbers(reading: FaceReading) -> tuple[float, float, float]:
    """Lip opening in heights of the face, yaw and pitch in degrees."""
    yaw, pitch, _ = np.degrees(euler_angles(reading.rotation))
    return lip_opening(reading) / face_height(reading), float(yaw), float(pitch)
