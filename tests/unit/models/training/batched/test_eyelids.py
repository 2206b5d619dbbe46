"""Closing lids of batches: the same eyes are painted as by the numpy version, in much the same colours."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from models.coefficients import ARKIT
from models.training.batched.eyelids import paint_lids
from models.training.batched.heads import Heads, MeshModel
from models.training.eyelids import paint_eyelids
from models.training.face import Face
from models.training.morphable import MorphableModel

SIZE = 128
SKIN, EYE = (190, 160, 140), (40, 30, 25)


@pytest.fixture
def eyed(model: MorphableModel) -> MorphableModel:
    """The half sphere with one eye: 3.2 cm wide, 1.2 cm open; eyeBlinkLeft lowers the upper rim onto the lower."""
    steps = 41
    columns = np.arange(16, 25)
    upper, lower = 24 * steps + columns, 21 * steps + columns
    upper[[0, -1]] = lower[[0, -1]]
    expression = np.zeros_like(model.expression)
    expression[ARKIT.index["eyeBlinkLeft"], upper[1:-1], 1] = -1.2
    return replace(model, expression=expression, lid_rims=((upper.tolist(), lower.tolist()),))


@pytest.fixture
def picture(eyed: MorphableModel, face: Face) -> np.ndarray:
    """Plain skin with a dark eye between the rims."""
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    points = eyed.project(face.person, face.pose)[:, :2]
    upper, lower = eyed.lid_rims[0]
    return cv2.fillPoly(image, [np.rint(np.concatenate([points[upper], points[lower][::-1]])).astype(np.int32)], EYE)


def blinking(face: Face, amount: float) -> Face:
    expression = face.expression.copy()
    expression[ARKIT.index["eyeBlinkLeft"]] = amount
    return replace(face, expression=expression)


def painted(model: MorphableModel, picture: np.ndarray, sources: list[Face], targets: list[Face]) -> np.ndarray:
    photo = torch.from_numpy(picture).permute(2, 0, 1).expand(len(sources), -1, -1, -1)
    heads = (Heads.stack(faces, "cpu") for faces in (sources, targets))
    result = paint_lids(MeshModel.of(model, "cpu"), photo, photo.float(), *heads)
    return result.permute(0, 2, 3, 1).numpy()


def test_open_eyes_and_eyes_shut_before_are_left_alone(eyed: MorphableModel, face: Face, picture: np.ndarray) -> None:
    shut = blinking(face, 1)
    for image in painted(eyed, picture, [face, shut], [face, shut]):
        np.testing.assert_array_equal(image, picture)


def test_lids_close_as_in_the_numpy_version(eyed: MorphableModel, face: Face, picture: np.ndarray) -> None:
    amounts = (0.4, 0.7, 1.0)
    targets = [blinking(face, amount) for amount in amounts]
    for image, target in zip(painted(eyed, picture, [face] * len(amounts), targets), targets, strict=True):
        expected = paint_eyelids(eyed, picture, picture, face, target).astype(float)
        changed = (expected != picture).any(-1)
        difference = np.abs(image - expected)
        assert difference[changed].mean() < 0.25 * np.abs(expected - picture)[changed].mean()
        assert np.percentile(difference[~changed], 99.9) < 10


def test_a_model_without_lids_is_left_alone(model: MorphableModel, face: Face, picture: np.ndarray) -> None:
    np.testing.assert_array_equal(painted(model, picture, [face], [blinking(face, 1)])[0], picture)
