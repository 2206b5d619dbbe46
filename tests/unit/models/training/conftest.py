"""A synthetic 3DMM: a textured half sphere with a mouth socket, small enough to reason about."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.face import Face
from models.training.morphable import FACE, MOUTH_SOCKET, MorphableModel
from models.training.pose import Pose

SIZE = 128


@pytest.fixture(scope="session")
def model() -> MorphableModel:
    """A half sphere of 8 cm radius; blendshape 0 pushes it 2 cm to the picture's right, the others do nothing."""
    steps = 41
    axis = np.linspace(-8, 8, steps, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    z = np.sqrt(np.maximum(64 - x**2 - y**2, 0))
    mean = np.stack([x, y, z], -1).reshape(-1, 3)
    triangles = []
    for row in range(steps - 1):
        for column in range(steps - 1):
            a = row * steps + column
            if (mean[[a, a + 1, a + steps, a + steps + 1], 2] > 0).all():
                triangles += [(a, a + 1, a + steps), (a + 1, a + steps + 1, a + steps)]
    expression = np.zeros((53, len(mean), 3), np.float32)
    expression[0, :, 0] = 2
    index = np.array(triangles, np.int32)
    centre = mean[index].mean(1)
    socket = (np.abs(centre[:, 0]) < 1.5) & (np.abs(centre[:, 1] + 3) < 0.8)
    part = np.where(socket, MOUTH_SOCKET, FACE).astype(np.int8)
    return MorphableModel(mean, np.zeros((1, *mean.shape), np.float32), expression, index, part)


@pytest.fixture
def face(model: MorphableModel) -> Face:
    """The neutral head in the middle of a picture of `SIZE` pixels, 5 pixels a centimetre."""
    pose = Pose(5.0, np.eye(3), np.array([SIZE / 2, -SIZE / 2, 0.0]))
    return Face(model.person(np.zeros(1)), np.zeros(53, np.float32), pose)


@pytest.fixture
def photo() -> np.ndarray:
    """A smooth pattern in which every place looks different."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    waves = [127 + 60 * np.sin(x / 9 + k) + 60 * np.cos(y / (7 + k)) for k in range(3)]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)
