"""From speech to a head's motion."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from models.coefficients import ARKIT
from models.coefficients.document import Motion
from workers.tasks.talk import turned

YAW, X = -6, -3


def head(times: list[float], **channels: list[float]) -> Motion:
    track = np.zeros((len(times), ARKIT.size), np.float32)
    for name, values in channels.items():
        track[:, {"yaw": YAW, "x": X, "jawOpen": ARKIT.index["jawOpen"]}[name]] = values
    return Motion(ARKIT, np.array(times), 10.0, track)


def with_poses(motion: np.ndarray, track: Motion, own: dict[int, float] | None = None) -> np.ndarray:
    coefficients = np.zeros(ARKIT.size, np.float32)
    for index, value in (own or {}).items():
        coefficients[index] = value
    source: Any = SimpleNamespace(coefficients=coefficients)
    return turned(ARKIT, source, motion, track, 10)


def test_a_head_turns_as_the_track_says_while_the_mouth_speaks() -> None:
    motion = np.random.default_rng(0).uniform(0, 0.2, (6, ARKIT.size)).astype(np.float32)
    track = head([2.0, 2.1, 2.4], yaw=[0.1, 0.2, -0.1], jawOpen=[1, 1, 1])
    result = with_poses(motion, track, {YAW: 0.3})
    assert np.allclose(result[:, YAW], [0.1, 0.2, 0.1, 0.0, -0.1, -0.1], atol=1e-6), "begins with the speech, is held"
    assert (result[:, :-6] == motion[:, :-6]).all()
    assert result.dtype == np.float32


def test_place_follows_its_changes() -> None:
    motion = np.zeros((3, ARKIT.size), np.float32)
    result = with_poses(motion, head([0.0, 0.1, 0.2], x=[0.2, 0.25, 0.2]), {X: 0.05})
    assert np.allclose(result[:, X], [0.05, 0.1, 0.05], atol=1e-6)


def test_one_pose_is_a_track_too() -> None:
    result = with_poses(np.zeros((4, ARKIT.size), np.float32), head([0.0], yaw=[0.3]))
    assert np.allclose(result[:, YAW], 0.3)
