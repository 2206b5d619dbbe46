"""MediaPipe's 478 face landmarks, and what box and points follow from them. Training and serving share it."""

from __future__ import annotations

import numpy as np

from models.extractor.crop import Box

LANDMARKS = 478
FACE_LANDMARKS = 468
"""The rest are the irises'."""

_EYES_NOSE_MOUTH = ((33, 133), (263, 362), (1,), (61,), (291,))


def face_box(landmarks: np.ndarray) -> Box:
    """The tight square around a face's landmarks [478, 2]: what the detector learns and the crop policy starts from."""
    low, high = landmarks[:FACE_LANDMARKS].min(0), landmarks[:FACE_LANDMARKS].max(0)
    (x, y), half = (low + high) / 2, float((high - low).max()) / 2
    return float(x) - half, float(y) - half, float(x) + half, float(y) + half


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Eye centres, nose tip and mouth corners [5, 2] of a face's landmarks [478, 2]; see `face.POINTS`."""
    return np.stack([landmarks[list(group)].mean(0) for group in _EYES_NOSE_MOUTH])
