"""Sliders on top of a motion: added or in its place, at the moments that keyframes name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.coefficients import ARKIT, apply_controls, keyframed_change, read_change
from models.errors import ControlError

SMILE, JAW, YAW, ZOOM = ARKIT.index["mouthSmileLeft"], ARKIT.index["jawOpen"], 53, 58
CLOCK = np.arange(51) / 25


@pytest.fixture
def motion() -> np.ndarray:
    motion = np.zeros((len(CLOCK), 59), np.float32)
    motion[:, JAW], motion[:, YAW] = 0.3 + 0.2 * np.sin(9 * CLOCK), 0.2 * np.sin(3 * CLOCK)
    return motion


@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_a_change_does_to_every_frame_what_an_edit_does_to_a_photo(motion: np.ndarray, mode: Any) -> None:
    requested: dict[str, Any] = {"expression": {"mouthSmile": 0.4, "jawOpen": 0.1}, "pose": {"yaw": 10, "zoom": 1.1}}
    changed = read_change(ARKIT, mode, requested["expression"], requested["pose"]).on(motion)
    for frame, own in zip(changed, motion, strict=True):
        assert frame == pytest.approx(apply_controls(ARKIT, own, mode=mode, **requested), abs=1e-6)


def test_keyframes_add_as_far_as_their_moment_has_come(motion: np.ndarray) -> None:
    keyframes = [{"time": 0.4}, {"time": 0.8, "expression": {"mouthSmile": 0.6}}, {"time": 1.2}]
    changed = keyframed_change(ARKIT, keyframes, CLOCK).on(motion)
    smile = changed[:, SMILE]
    assert smile[[10, 20, 30]] == pytest.approx([0, 0.6, 0], abs=1e-9)
    assert 0.1 < smile[15] < 0.5
    others = np.delete(np.arange(59), [SMILE, ARKIT.index["mouthSmileRight"]])
    assert np.allclose(changed[:, others], motion[:, others]), "all else is the motion's"


def test_the_last_keyframe_is_held_and_the_first_one_reached_from_the_beginning(motion: np.ndarray) -> None:
    changed = keyframed_change(ARKIT, [{"time": 1.0, "pose": {"yaw": 12}}], CLOCK).on(motion)
    turned = changed[:, YAW] - motion[:, YAW]
    assert turned[0] == 0
    assert np.degrees(turned[25:]) == pytest.approx(12, abs=0.01)
    assert (np.diff(turned) >= -1e-9).all()


def test_an_absolute_keyframe_replaces_what_it_names_alone(motion: np.ndarray) -> None:
    keyframes = [{"time": 0.4}, {"time": 0.8, "expression": {"jawOpen": 0.0}}, {"time": 1.2}]
    changed = keyframed_change(ARKIT, keyframes, CLOCK, "absolute").on(motion)
    assert changed[20, JAW] == pytest.approx(0)
    assert changed[[10, 30], JAW] == pytest.approx(motion[[10, 30], JAW]), "unnamed: the motion's own"
    assert np.array_equal(changed[:, YAW], motion[:, YAW].astype(np.float64))


def test_wrong_keyframes_are_named() -> None:
    with pytest.raises(ControlError) as wrong:
        keyframed_change(ARKIT, [{"time": 0}, {"time": 1, "expression": {"nose": 1}}], CLOCK)
    assert wrong.value.field == "keyframes.1.expression.nose"
    with pytest.raises(ControlError, match="after 1"):
        keyframed_change(ARKIT, [{"time": 1}, {"time": 1}], CLOCK)
