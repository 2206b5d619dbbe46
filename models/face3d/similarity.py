"""Similarity transforms that move a picture, its landmarks and its 3DMM pose together.

A transform is a 2x3 matrix that maps pixels of the photo to pixels of the sample; (0, 0) is the upper left corner of
the upper left pixel, so that a resize by k is exactly a scale by k.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.face3d.pose import HeadPose


def similarity(centre: tuple[float, float], scale: float, angle: float, target: tuple[float, float]) -> np.ndarray:
    """Float64 [2, 3]: scale and turn (radians, clockwise in the picture) about `centre`, which lands at `target`."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, np.subtract(target, linear @ centre)])


def transform_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points [..., 2] under a transform."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def transform_pose(pose: HeadPose, matrix: np.ndarray) -> HeadPose:
    """The 3DMM's pose in the transformed picture."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    cos, sin = matrix[0, 0] / scale, matrix[1, 0] / scale
    turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])  # clockwise in the picture, in y-up axes
    x, y = matrix[:, :2] @ (pose.translation[0], -pose.translation[1]) + matrix[:, 2]
    return HeadPose(pose.scale * scale, turn @ pose.rotation, np.array([x, -y, pose.translation[2] * scale]))


def warp_picture(picture: np.ndarray, matrix: np.ndarray, size: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """The picture under a transform, on a canvas of [size, size]; antialiased by halving before it is shrunk."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    matrix = matrix.copy()
    while scale < 0.6:
        picture = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
        matrix[:, :2] *= 2
        scale *= 2
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV counts from the first pixel's centre
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
