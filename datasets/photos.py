"""Pictures of faces with landmarks and coefficients known, held in memory as the extractor's training data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from datasets.portraits import Portraits
from models.extractor.landmarks import face_box
from models.face3d.pose import HeadPose


@dataclass(frozen=True)
class FacePhotos:
    """P square pictures with one labelled face each.

    Attributes:
        pictures: uint8 [P, S, S, 3] RGB.
        landmarks: MediaPipe's landmarks in pixels, float32 [P, 478, 2]; NaN where unknown.
        boxes: tight square around each face's landmarks, float32 [P, 4].
        expression: weights of the 53 blendshapes, float32 [P, 53].
        poses: where the 3DMM lies in each picture.
    """

    pictures: np.ndarray
    landmarks: np.ndarray
    boxes: np.ndarray
    expression: np.ndarray
    poses: tuple[HeadPose, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    @classmethod
    def load(cls, data: Path, split: str) -> FacePhotos:
        """Every portrait of a split ("train" or "test") of the training data folder."""
        portraits = Portraits(data, split)
        landmarks = portraits.landmarks[portraits.index, :, :2].astype(np.float32)
        return cls(
            pictures=np.stack([portraits.picture(photo) for photo in portraits.index]),
            landmarks=landmarks,
            boxes=np.array([face_box(face) for face in landmarks], np.float32),
            expression=np.clip(portraits.expression[portraits.index], 0, 1).astype(np.float32),
            poses=tuple(portraits.pose(photo) for photo in portraits.index),
        )


def mirror_order(landmarks: np.ndarray) -> np.ndarray:
    """The permutation [478] that turns a mirrored face's landmarks back into MediaPipe's order.

    MediaPipe publishes no list of pairs; the mean of many faces [P, 478, 2] is symmetric enough to find each landmark's
    partner as the nearest one on the other side.
    """
    mean = (landmarks - landmarks.mean(1, keepdims=True)).mean(0)
    distance = np.linalg.norm(mean[:, None] * (-1, 1) - mean[None], axis=-1)
    _, order = linear_sum_assignment(distance + distance.T)
    return np.asarray(order)
