"""MediaPipe's 478 face landmarks, and what box and points follow from them. Training and serving share it."""

from __future__ import annotations

import numpy as np

from models.extractor.crop import Box

LANDMARKS = 478
FACE_LANDMARKS = 468
"""The rest are the irises'."""

_INNER_LIPS = (13, 14, 78, 308)  # upper, lower, corners
_LEFT_EYE, _RIGHT_EYE = (386, 374, 362, 263), (159, 145, 133, 33)  # upper lid, lower lid, corners; the person's sides
_OPEN, _SHUT = 0.3, 0.1  # heights of the two test portraits' eyes at rest, and shut by the slider, over their widths
_EYES_NOSE_MOUTH = ((33, 133), (263, 362), (1,), (61,), (291,))


def face_box(landmarks: np.ndarray) -> Box:
    """The tight square around a face's landmarks [478, 2]: what the detector learns and the crop policy starts from."""
    low, high = landmarks[:FACE_LANDMARKS].min(0), landmarks[:FACE_LANDMARKS].max(0)
    (x, y), half = (low + high) / 2, float((high - low).max()) / 2
    return float(x) - half, float(y) - half, float(x) + half, float(y) + half


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Eye centres, nose tip and mouth corners [5, 2] of a face's landmarks [478, 2]; see `face.POINTS`."""
    return np.stack([landmarks[list(group)].mean(0) for group in _EYES_NOSE_MOUTH])


def mouth_open(landmarks: np.ndarray) -> float:
    """How far the lips stand apart, as a fraction of the mouth's width, at most 1; of a face's landmarks [478, 2]."""
    return min(_opening(landmarks, _INNER_LIPS), 1.0)


def eyes_closed(landmarks: np.ndarray) -> tuple[float, float]:
    """How far the person's left and right eye are closed: 0 for an eye at rest, 1 where the lids meet."""
    left, right = (
        min(max((_OPEN - _opening(landmarks, eye)) / (_OPEN - _SHUT), 0.0), 1.0) for eye in (_LEFT_EYE, _RIGHT_EYE)
    )
    return left, right


def _opening(landmarks: np.ndarray, places: tuple[int, ...]) -> float:
    """Height of an opening over its width."""
    upper, lower, *corners = landmarks[list(places)]
    width = float(np.linalg.norm(corners[0] - corners[1]))
    return float(np.linalg.norm(upper - lower)) / max(width, 1e-6)
