"""The synthetic 3DMM of `tests.synthetic_head`, as tensors, and its heads, alone and in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.coefficients import rotation_matrix
from models.face3d.eyelids import paint_eyelids
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.kernels import PARALLEL
from models.face3d.morphable import MorphableModel
from models.face3d.retarget import RetargetedBatch, retarget_batch

Retarget = Callable[[list[Head], list[Head]], RetargetedBatch]


@pytest.fixture(scope="session")
def mesh(model: MorphableModel) -> MeshModel:
    """The head with the parallel kernels, which a GPU would have."""
    return MeshModel.of(model, "cpu", PARALLEL)


@pytest.fixture(scope="session")
def compiled(model: MorphableModel) -> MeshModel:
    """The head with a core's own kernels."""
    return MeshModel.of(model, "cpu")


def lids_painted(
    model: MorphableModel, photo: np.ndarray, picture: np.ndarray, source: Head, target: Head
) -> np.ndarray:
    """`paint_eyelids` with a core's own kernels, of one picture uint8 [SIZE, SIZE, 3]."""
    photos, pictures = (torch.from_numpy(image).permute(2, 0, 1)[None] for image in (photo, picture))
    heads = (Heads.stack([face], "cpu") for face in (source, target))
    painted = paint_eyelids(MeshModel.of(model, "cpu"), photos, pictures.float(), *heads)
    return painted[0].permute(1, 2, 0).round().to(torch.uint8).numpy()


@pytest.fixture
def retargeted(mesh: MeshModel, photo: np.ndarray) -> Retarget:
    """Retargets the test photo from each of some faces to each of as many others."""

    def run(sources: list[Head], targets: list[Head]) -> RetargetedBatch:
        photos = torch.from_numpy(photo).permute(2, 0, 1).expand(len(sources), -1, -1, -1)
        return retarget_batch(mesh, photos, Heads.stack(sources, "cpu"), Heads.stack(targets, "cpu"))

    return run


@pytest.fixture
def motions(face: Head) -> dict[str, Head]:
    """The test face shifted, turned, and expressed: blendshape 0 moves the head."""
    weights = np.zeros(53, np.float32)
    weights[0] = 0.5
    shifted = replace(face.pose, translation=face.pose.translation + np.array([6.0, -4.0, 0.0]))
    return {
        "shift": replace(face, pose=shifted),
        "turn": replace(face, pose=replace(face.pose, rotation=rotation_matrix(0.26, 0.1, 0.1))),
        "blendshape": replace(face, expression=weights),
    }
