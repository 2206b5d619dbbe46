"""A speaking motion on a face: weights in range, heads turned about their own pose, lips that can close."""

from __future__ import annotations

import numpy as np
import pytest

from models.audio import MotionGains, at_rate, speaking
from models.coefficients import ARKIT, rotation_matrix
from models.errors import ControlError

JAW, CLOSE, SMILE, BLINK, BROW = (
    ARKIT.index[name] for name in ("jawOpen", "mouthClose", "mouthSmileLeft", "eyeBlinkLeft", "browInnerUpLeft")
)
YAW, PITCH, ROLL, X = 53, 54, 55, 56


@pytest.fixture
def source() -> np.ndarray:
    face = np.zeros(59, np.float32)
    face[[JAW, SMILE, BLINK, BROW, YAW, PITCH]] = 0.3, 0.8, 0.2, 0.1, 0.3, -0.1
    return face


def motion(**entries: float) -> np.ndarray:
    frames = np.zeros((2, 59), np.float32)
    for name, value in entries.items():
        frames[1, ARKIT.index[name] if name in ARKIT.index else 53 + ("yaw", "pitch", "roll", "x").index(name)] = value
    return frames


def test_rest_closes_an_open_photo_and_keeps_some_of_its_smile(source: np.ndarray) -> None:
    rest = speaking(ARKIT, source, motion(), MotionGains())[0]
    assert rest[JAW] == 0
    assert 0.3 < rest[SMILE] < source[SMILE]
    kept = np.delete(np.arange(59), [slider.index for slider in ARKIT.expression if slider.group in ("jaw", "mouth")])
    assert rest[kept] == pytest.approx(source[kept], abs=1e-6)


def test_weights_stay_in_range_and_lips_before_each_other(source: np.ndarray) -> None:
    wild = np.random.default_rng(0).normal(0, 2, (50, 59)).astype(np.float32)
    result = speaking(ARKIT, source, wild, MotionGains())
    assert result[:, :53].min() >= 0
    assert result[:, :53].max() <= 1
    assert (result[:, CLOSE] <= result[:, JAW]).all()
    assert np.isfinite(result).all()
    assert np.abs(np.degrees(result[:, YAW])).max() <= 45 + 1e-3


def test_heads_turn_about_their_own_pose(source: np.ndarray) -> None:
    requested = motion(yaw=0.1, roll=0.05, x=0.02)
    result = speaking(ARKIT, source, requested, MotionGains())
    expected = rotation_matrix(*requested[1, 53:56]) @ rotation_matrix(*source[53:56])
    assert np.allclose(rotation_matrix(*result[1, 53:56]), expected, atol=1e-5)
    assert result[1, X] == pytest.approx(source[X] + 0.02)


def test_gains_act_on_their_parts_alone(source: np.ndarray) -> None:
    requested = motion(jawOpen=0.4, browInnerUpLeft=0.3, eyeBlinkLeft=0.5, yaw=0.1)
    full = speaking(ARKIT, source, requested, MotionGains())[1]
    parts = {"mouth": JAW, "brows": BROW, "blink": BLINK, "head": YAW}
    for part, index in parts.items():
        without = speaking(ARKIT, source, requested, MotionGains(**{part: 0}))[1]
        assert without[index] == pytest.approx(0 if part == "mouth" else source[index], abs=1e-6)
        others = [other for other in parts.values() if other != index]
        assert without[others] == pytest.approx(full[others])
    assert full[BLINK] == pytest.approx(0.2 + 0.8 * 0.5)
    assert speaking(ARKIT, source, requested, MotionGains(mouth=0.5))[1, JAW] == pytest.approx(0.2)


@pytest.mark.parametrize("fps", [12, 24, 25, 29.97, 50, 60])
@pytest.mark.parametrize("frames", [0, 1, 7, 51])
def test_another_rate_is_the_same_motion_however_it_is_cut(fps: float, frames: int) -> None:
    track = np.zeros((frames, 59), np.float32)
    track[:, JAW] = np.arange(frames)
    chunks = [track[i : i + 3] for i in range(0, frames, 3)]
    result = list(at_rate(chunks, fps))
    made = np.concatenate(result) if result else track
    assert len(made) == int(np.ceil(frames * fps / 25 - 1e-9))
    expected = np.minimum(np.arange(len(made)) / fps * 25, max(frames - 1, 0))
    assert made[:, JAW] == pytest.approx(expected, abs=1e-3)


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ControlError, match="fps"):
        list(at_rate([], 0))
