"""Drawn faces with landmarks, and a background without any."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos
from models.coefficients import rotation_matrix
from models.extractor.landmarks import LANDMARKS, face_box
from models.face3d.pose import HeadPose


@pytest.fixture
def faces() -> FacePhotos:
    return draw_faces()


def draw_faces() -> FacePhotos:
    """Two drawn 'faces': a red dot on every 50th landmark of a symmetric point cloud, on a dark ground."""
    rng = np.random.default_rng(0)
    half = rng.uniform((8, -60), (60, 60), (LANDMARKS // 2, 2))
    cloud = np.concatenate([half, half * (-1, 1)])
    landmarks = np.stack([np.add(cloud, (144, 155)), np.add(cloud * 0.8, (140, 150))]).astype(np.float32)
    pictures = np.full((2, 288, 288, 3), 20, np.uint8)
    for picture, face in zip(pictures, landmarks, strict=True):
        for x, y in face[::50]:
            cv2.circle(picture, (round(float(x) - 0.5), round(float(y) - 0.5)), 3, (255, 0, 0), -1)
    pose = HeadPose(8.0, rotation_matrix(0.2, -0.1, 0.05), np.array([144.0, -155.0, 0.0]))
    expression = np.tile(np.linspace(0, 1, 53, dtype=np.float32), (2, 1))
    boxes = np.array([face_box(face) for face in landmarks], np.float32)
    return FacePhotos(pictures, landmarks, boxes, expression, (pose, pose))


@pytest.fixture
def backgrounds(tmp_path: Path) -> Backgrounds:
    """One grey picture: whatever is bright red must come from a face."""
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 260, 3), 90, np.uint8))
    return Backgrounds(tmp_path, textures=0.0)
