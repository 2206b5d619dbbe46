"""Keyframes become smooth motion that never leaves what was requested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.coefficients import ARKIT, apply_controls, descriptor_windows, keyframe_motion
from models.errors import ControlError

SOURCE = np.full(59, 0.1, np.float32)
SMILE = ARKIT.index["mouthSmileLeft"]


def test_frames_cover_the_clip_and_meet_the_keyframes() -> None:
    keyframes = [
        {"time": 0, "expression": {}},
        {"time": 0.4, "expression": {"mouthSmile": 0.8}},
        {"time": 1.2, "expression": {"jawOpen": 0.5}, "pose": {"yaw": 20}},
    ]
    motion = keyframe_motion(ARKIT, SOURCE, keyframes, fps=25)
    assert motion.shape == (31, 59)
    assert motion.dtype == np.float32
    for keyframe in keyframes:
        stop = apply_controls(ARKIT, SOURCE, expression=keyframe["expression"], pose=keyframe.get("pose"))  # type: ignore[arg-type]
        np.testing.assert_allclose(motion[round(keyframe["time"] * 25)], stop, atol=1e-5)  # type: ignore[operator]


def test_motion_is_monotone_smooth_and_at_rest_at_its_ends() -> None:
    keyframes = [{"time": t, "expression": {"mouthSmile": v}} for t, v in [(0, 0), (0.2, 0.85), (1, 0.9), (1.1, 0.2)]]
    smile = keyframe_motion(ARKIT, SOURCE, keyframes, fps=100)[:, SMILE]
    assert (np.diff(smile[:101]) >= -1e-6).all()
    assert (np.diff(smile[100:]) <= 1e-6).all()
    speed = np.diff(smile) * 100
    assert np.abs(np.diff(speed)).max() < 3.5  # C1: a kink between the slopes 4.25 and -7 would be a jump of 7
    assert abs(speed[0]) < 0.25 * np.abs(speed[:20]).max()
    assert abs(speed[-1]) < 0.5 * np.abs(speed[100:]).max()


def test_a_late_first_keyframe_starts_from_the_source() -> None:
    motion = keyframe_motion(ARKIT, SOURCE, [{"time": 1, "expression": {"mouthSmile": 1}}], fps=10)
    assert len(motion) == 11
    np.testing.assert_allclose(motion[0], SOURCE)
    assert motion[-1, SMILE] == 1


def test_one_keyframe_at_zero_is_one_frame() -> None:
    motion = keyframe_motion(ARKIT, SOURCE, [{"time": 0, "pose": {"roll": 10}}], fps=25)
    np.testing.assert_array_equal(motion, apply_controls(ARKIT, SOURCE, pose={"roll": 10})[None])


def test_mouth_close_stays_under_jaw_open_between_keyframes() -> None:
    keyframes = [
        {"time": 0, "expression": {"jawOpen": 1, "mouthClose": 1}},
        {"time": 1, "expression": {"jawOpen": 0, "mouthClose": 0}},
        {"time": 1.5, "expression": {"jawOpen": 1, "mouthClose": 0.1}},
    ]
    motion = keyframe_motion(ARKIT, np.zeros(59, np.float32), keyframes, fps=50, mode="absolute")
    assert (motion[:, ARKIT.index["mouthClose"]] <= motion[:, ARKIT.index["jawOpen"]]).all()


def test_rotation_goes_the_short_way_round() -> None:
    source = SOURCE.copy()
    source[55] = np.radians(170)
    motion = keyframe_motion(ARKIT, source, [{"time": 0}, {"time": 1, "pose": {"roll": 30}}], fps=20)
    assert np.abs(np.diff(motion[:, 55])).max() < np.radians(5)


@pytest.mark.parametrize(
    ("keyframes", "field"),
    [
        ([], "keyframes"),
        ([{"time": -1}], "keyframes.0.time"),
        ([{"time": 0}, {"time": 0}], "keyframes.1.time"),
        ([{"time": float("nan")}], "keyframes.0.time"),
        ([{"time": 0}, {"time": 1, "expression": {"jawOpen": 2}}], "keyframes.1.expression.jawOpen"),
    ],
)
def test_bad_keyframes_name_themselves(keyframes: list[dict[str, Any]], field: str) -> None:
    with pytest.raises(ControlError) as caught:
        keyframe_motion(ARKIT, SOURCE, keyframes, fps=25)
    assert caught.value.field == field


def test_descriptor_windows_repeat_the_edges() -> None:
    motion = np.arange(4, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    windows = descriptor_windows(motion, 2)
    assert windows.shape == (4, 3, 5)
    np.testing.assert_array_equal(windows[0, 0], [0, 0, 0, 1, 2])
    np.testing.assert_array_equal(windows[3, 2], [1, 2, 3, 3, 3])
    still = descriptor_windows(motion[1:2], 13)
    assert still.shape == (1, 3, 27)
    assert (still == 1).all()


def test_windows_of_some_frames_are_those_of_all() -> None:
    motion = np.random.default_rng(0).normal(size=(9, 59)).astype(np.float32)
    assert np.array_equal(descriptor_windows(motion, 3, range(2, 7)), descriptor_windows(motion, 3)[2:7])
