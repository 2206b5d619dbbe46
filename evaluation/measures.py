"""What an edit did to a face, in units that a person can check."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from models.coefficients import euler_angles

# MediaPipe's face mesh. Points of an eye: corner, two on the upper lid, corner, two on the lower lid.
_UPPER_LIP, _LOWER_LIP = 13, 14  # inner rims
_FOREHEAD, _CHIN = 10, 152
_EYES = np.array([[33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]])


def face_height(reading: FaceReading) -> float:
    """Forehead to chin, pixels."""
    return _distance(reading, _FOREHEAD, _CHIN)


def lip_opening(reading: FaceReading) -> float:
    """Distance of the lips' inner rims at their middle, pixels."""
    return _distance(reading, _UPPER_LIP, _LOWER_LIP)


def eye_opening(reading: FaceReading) -> float:
    """Mean eye aspect ratio of both eyes: lid distance over eye width (Soukupová & Čech 2016)."""
    corner, up, up2, corner2, low2, low = (reading.landmarks[_EYES[:, k], :2] for k in range(6))
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


def _distance(reading: FaceReading, one: int, other: int) -> float:
    return float(np.linalg.norm(reading.landmarks[one, :2] - reading.landmarks[other, :2]))
