"""From speech to a head's motion."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from models.coefficients import ARKIT
from models.coefficients.document import Motion
from workers.tasks.talk import posed

YAW, X = -6, -3


def head(times: list[float], **channels: list[float]) -> Motion:
    track = np.zeros((len(times), ARKIT.size), np.float32)
    for name, values in channels.items():
        track[:, {"yaw": YAW, "x": X, "jawOpen": ARKIT.index["jawOpen"]}[name]] = values
    return Motion(ARKIT, np.array(times), 10.0, track)


def poses_of(track: Motion, frames: int, own: dict[int, float] | None = None) -> np.ndarray:
    coefficients = np.zeros(ARKIT.size, np.float32)
    for index, value in (own or {}).items():
        coefficients[index] = value
    source: Any = SimpleNamespace(coefficients=coefficients)
    return posed(ARKIT, source, track, np.arange(frames) / 10)


def test_a_head_turns_as_the_track_says() -> None:
    track = head([2.0, 2.1, 2.4], yaw=[0.1, 0.2, -0.1], jawOpen=[1, 1, 1])
    result = poses_of(track, 6, {YAW: 0.3})
    assert np.allclose(result[:, YAW], [0.1, 0.2, 0.1, 0.0, -0.1, -0.1], atol=1e-6), "begins with the speech, is held"
    assert result.shape == (6, 6), "the mouth speaks"
    assert result.dtype == np.float32


def test_place_follows_its_changes() -> None:
    result = poses_of(head([0.0, 0.1, 0.2], x=[0.2, 0.25, 0.2]), 3, {X: 0.05})
    assert np.allclose(result[:, X], [0.05, 0.1, 0.05], atol=1e-6)


def test_one_pose_is_a_track_too() -> None:
    assert np.allclose(poses_of(head([0.0], yaw=[0.3]), 4)[:, YAW], 0.3)
