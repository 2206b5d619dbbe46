"""Direction of a motion that something else makes."""

from __future__ import annotations

import numpy as np
import pytest

from models.coefficients import ARKIT
from workers.contract.kinds.controls import Direction
from workers.tasks.direction import directed

SMILE, YAW = ARKIT.index["mouthSmileLeft"], 53
TIMES = np.arange(50) / 25
OWN = np.zeros(59, np.float32)


def test_no_direction_is_the_motion_itself() -> None:
    motion = np.random.default_rng(0).uniform(0, 0.4, (50, 59)).astype(np.float32)
    assert directed(ARKIT, OWN, motion, Direction(), TIMES) is motion


def test_sliders_hold_for_the_clip_and_keyframes_come_on_top() -> None:
    motion = np.zeros((50, 59), np.float32)
    controls = Direction.model_validate(
        {
            "expression": {"mouthSmile": 0.3},
            "keyframes": [{"time": 0.8}, {"time": 1.2, "expression": {"mouthSmile": 0.4}, "pose": {"yaw": -20}}],
        }
    )
    result = directed(ARKIT, OWN, motion, controls, TIMES)
    assert result.dtype == np.float32
    assert result[[0, 20, 30, 49], SMILE] == pytest.approx([0.3, 0.3, 0.7, 0.7], abs=1e-5)
    assert np.degrees(result[[0, 20, 30], YAW]) == pytest.approx([0, 0, -20], abs=1e-4)


def test_weights_and_pose_stay_within_reach() -> None:
    motion = np.zeros((50, 59), np.float32)
    motion[:, SMILE], motion[:, YAW] = 0.9, np.radians(40)
    controls = Direction.model_validate({"expression": {"mouthSmile": 0.5}, "pose": {"yaw": 30}})
    result = directed(ARKIT, OWN, motion, controls, TIMES)
    assert result[:, SMILE].max() == 1
    assert np.degrees(result[:, YAW]) == pytest.approx(45, abs=1e-3)
