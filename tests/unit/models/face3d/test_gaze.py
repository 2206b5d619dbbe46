"""Eyeballs that turn, and what of them a photo shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.face3d.correspondence import flow_between
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.morphable import EYEBALLS, FACE, MorphableModel
from models.face3d.pose import HeadPose
from models.face3d.surface import Surface
from training.pairs.motion import MotionSampler

RADIUS = 1.5


@pytest.fixture
def eyes(tmp_path: Path) -> MorphableModel:
    """Two balls, 3 cm left and right of the middle, and one vertex of skin."""
    angles = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], -1)
    ball = RADIUS * np.concatenate([ring, ring[:, [1, 0, 2]]])
    mean = np.concatenate([ball + np.array([3, 0, 0]), ball - np.array([3, 0, 0]), [[0, 0, 9.0]]]).astype(np.float32)
    count = len(ball)
    fan = np.stack([np.zeros(count - 2, int), np.arange(1, count - 1), np.arange(2, count)], -1)
    triangles = np.concatenate([fan, fan + count, [[0, count, 2 * count]]])
    part = [EYEBALLS["Left"]] * len(fan) + [EYEBALLS["Right"]] * len(fan) + [FACE]
    shapes = {"identity": np.zeros((1, *mean.shape)), "expression": np.zeros((53, *mean.shape))}
    np.savez(tmp_path / "ict.npz", mean=mean, triangles=triangles, part=np.array(part, np.int8), **shapes)
    return MorphableModel.load(tmp_path / "ict.npz")


@pytest.mark.parametrize(
    ("slider", "x", "y"),
    [
        ("eyeLookInLeft", -25, 0),  # a person's left eye is on the picture's right, and the nose on its left
        ("eyeLookOutLeft", 25, 0),
        ("eyeLookInRight", 25, 0),
        ("eyeLookOutRight", -25, 0),
        ("eyeLookUpRight", 0, 15),
        ("eyeLookDownLeft", 0, -20),
    ],
)
def test_a_gaze_slider_turns_its_own_eyeball(eyes: MorphableModel, slider: str, x: float, y: float) -> None:
    moved = eyes.expression[ARKIT.index[slider]]
    ball = len(eyes.mean) // 2
    own, other = (slice(0, ball), slice(ball, None)) if slider.endswith("Left") else (slice(ball, -1), slice(0, ball))
    pupil = moved[own][np.argmax(eyes.mean[own, 2])]
    np.testing.assert_allclose(pupil[:2], RADIUS * np.sin(np.radians([x, y])), atol=1e-5)
    assert pupil[2] < 0, "a pupil that looks aside lies deeper"
    assert not moved[other].any()


def test_an_eyeball_behind_a_lid_is_not_seen() -> None:
    """A flat eyeball that moves left from under a lid, which lies closer on it than the occlusion test resolves."""
    sheet = np.array([[-3, -3, 0], [3, -3, 0], [3, 3, 0], [-3, 3, 0]], np.float32)
    lid = sheet * (0.5, 1, 1) + (1.5, 0, 0.2)
    mean = np.concatenate([sheet, lid]).astype(np.float32)
    expression = np.zeros((53, 8, 3), np.float32)
    expression[0, :4, 0] = -2
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
    part = np.array([EYEBALLS["Left"]] * 2 + [FACE] * 2, np.int8)
    model = MorphableModel(mean, np.zeros((1, *mean.shape), np.float32), expression, triangles, part)
    pose = HeadPose(8.0, np.eye(3), np.array([64.0, -64.0, 0.0]))
    still = Head(mean, np.zeros(53, np.float32), pose)
    eyes = MeshModel.of(model, "cpu")
    closing = Head(mean, np.eye(53, dtype=np.float32)[0], pose)
    old, new = (Surface.draw(eyes, eyes.project(Heads.stack([face], "cpu")), 128) for face in (still, closing))
    _, seen = flow_between(new, old)
    row = seen[0, 64]
    assert row[64 - 30 : 64 - 18].all(), "was beside the lid"
    assert not row[64 - 14 : 64 - 2].any(), "was behind the lid"
    assert row[64 + 2 : 64 + 22].all(), "the lid itself"


def test_both_eyes_look_the_same_way() -> None:
    sampler = MotionSampler(np.zeros((1, 53)), np.random.default_rng(0), sweeps=1.0)
    for _ in range(20):
        weights = np.zeros(53, np.float32)
        sampler._set(weights, ARKIT.index["eyeLookInLeft"], 0.7)
        assert weights[ARKIT.index["eyeLookInRight"]] == 0
        assert weights[ARKIT.index["eyeLookOutRight"]] in (0, np.float32(0.7))
