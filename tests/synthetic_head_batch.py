"""The synthetic 3DMM of `tests.synthetic_head`, as tensors, and a batch of its heads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.coefficients import rotation_matrix
from models.face3d.batched.generator import RetargetedBatch, retarget_batch
from models.face3d.batched.heads import Heads, MeshModel
from models.face3d.face import Face
from models.face3d.morphable import MorphableModel

Retarget = Callable[[list[Face], list[Face]], RetargetedBatch]


@pytest.fixture(scope="session")
def mesh(model: MorphableModel) -> MeshModel:
    return MeshModel.of(model, "cpu")


@pytest.fixture
def retargeted(mesh: MeshModel, photo: np.ndarray) -> Retarget:
    """Retargets the test photo from each of some faces to each of as many others."""

    def run(sources: list[Face], targets: list[Face]) -> RetargetedBatch:
        photos = torch.from_numpy(photo).permute(2, 0, 1).expand(len(sources), -1, -1, -1)
        return retarget_batch(mesh, photos, Heads.stack(sources, "cpu"), Heads.stack(targets, "cpu"))

    return run


@pytest.fixture
def motions(face: Face) -> dict[str, Face]:
    """The test face shifted, turned, and expressed: blendshape 0 moves the head."""
    weights = np.zeros(53, np.float32)
    weights[0] = 0.5
    shifted = replace(face.pose, translation=face.pose.translation + np.array([6.0, -4.0, 0.0]))
    return {
        "shift": replace(face, pose=shifted),
        "turn": replace(face, pose=replace(face.pose, rotation=rotation_matrix(0.26, 0.1, 0.1))),
        "blendshape": replace(face, expression=weights),
    }
