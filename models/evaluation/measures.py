"""What an edit did to a face, in units that a person can check."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.coefficients import euler_angles
from models.evaluation.judge import Reading

# MediaPipe's face mesh. Points of an eye: corner, two on the upper lid, corner, two on the lower lid.
_UPPER_LIP, _LOWER_LIP = 13, 14  # inner rims
_FOREHEAD, _CHIN = 10, 152
_EYES = np.array([[33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]])


def face_height(reading: Reading) -> float:
    """Forehead to chin, pixels."""
    return float(np.linalg.norm(reading.points[_FOREHEAD] - reading.points[_CHIN]))


def lip_opening(reading: Reading) -> float:
    """Distance of the lips' inner rims at their middle, pixels."""
    return float(np.linalg.norm(reading.points[_UPPER_LIP] - reading.points[_LOWER_LIP]))


def eye_opening(reading: Reading) -> float:
    """Mean eye aspect ratio of both eyes: lid distance over eye width (Soukupová & Čech 2016)."""
    corner, up, up2, corner2, low2, low = (reading.points[_EYES[:, k]] for k in range(6))
    lids = np.linalg.norm(up - low, axis=-1) + np.linalg.norm(up2 - low2, axis=-1)
    return float((lids / (2 * np.linalg.norm(corner - corner2, axis=-1))).mean())


def turn(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of the rotation that leads from one head rotation [3, 3] to another."""
    yaw, pitch, roll = np.degrees(euler_angles(after @ before.T))
    return float(yaw), float(pitch), float(roll)


def psnr(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB of two pictures of one shape; at most 100, so that means stay finite."""
    error = float(np.mean((picture.astype(np.float64) - reference.astype(np.float64)) ** 2))
    return min(10 * float(np.log10(255**2 / max(error, 1e-9))), 100.0)
