"""Closing lids: both kernels paint the same eyes, in much the same colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.face3d.eyelids import paint_eyelids
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.kernels import PARALLEL
from models.face3d.morphable import MorphableModel
from tests.synthetic_head import blinking, eye_on_skin
from tests.synthetic_head_batch import lids_painted

SIZE = 128
SKIN, EYE = (190, 160, 140), (40, 30, 25)


@pytest.fixture
def picture(eyed: MorphableModel, face: Head) -> np.ndarray:
    """Plain skin with a dark eye between the rims."""
    return eye_on_skin(eyed, face, SKIN, EYE)


def painted(model: MorphableModel, picture: np.ndarray, sources: list[Head], targets: list[Head]) -> np.ndarray:
    photo = torch.from_numpy(picture).permute(2, 0, 1).expand(len(sources), -1, -1, -1)
    heads = (Heads.stack(faces, "cpu") for faces in (sources, targets))
    result = paint_eyelids(MeshModel.of(model, "cpu", PARALLEL), photo, photo.float(), *heads)
    return result.permute(0, 2, 3, 1).numpy()


def test_open_eyes_and_eyes_shut_before_are_left_alone(eyed: MorphableModel, face: Head, picture: np.ndarray) -> None:
    shut = blinking(face, 1)
    for image in painted(eyed, picture, [face, shut], [face, shut]):
        np.testing.assert_array_equal(image, picture)


def test_lids_close_as_by_the_compiled_kernels(eyed: MorphableModel, face: Head, picture: np.ndarray) -> None:
    amounts = (0.4, 0.7, 1.0)
    targets = [blinking(face, amount) for amount in amounts]
    for image, target in zip(painted(eyed, picture, [face] * len(amounts), targets), targets, strict=True):
        expected = lids_painted(eyed, picture, picture, face, target).astype(float)
        changed = (expected != picture).any(-1)
        difference = np.abs(image - expected)
        assert difference[changed].mean() < 0.25 * np.abs(expected - picture)[changed].mean()
        assert np.percentile(difference[~changed], 99.9) < 10


def test_a_model_without_lids_is_left_alone(model: MorphableModel, face: Head, picture: np.ndarray) -> None:
    np.testing.assert_array_equal(painted(model, picture, [face], [blinking(face, 1)])[0], picture)
