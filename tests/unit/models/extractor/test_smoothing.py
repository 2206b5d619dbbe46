"""Bridging and smoothing of motions: tremor goes, blinks and plosives stay, nothing is late."""

from __future__ import annotations

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.errors import MotionError, NoFaceError
from models.extractor.smoothing import bridge_gaps, smooth

JAW, BLINK, BROW = (ARKIT.index[name] for name in ("jawOpen", "eyeBlinkLeft", "browInnerUpLeft"))
YAW, ROLL, X = 53, 55, 56
TIMES = np.arange(100) / 25


def tremor(times: np.ndarray = TIMES, scale: float = 0.01, seed: int = 0) -> np.ndarray:
    """A face at rest at 0.3 as an extractor sees it: white noise [T, 59]."""
    return (0.3 + np.random.default_rng(seed).normal(0, scale, (len(times), 59))).astype(np.float32)


def test_strength_zero_leaves_the_motion_alone() -> None:
    motion = tremor()
    assert np.array_equal(smooth(TIMES, motion, 0), motion)


@pytest.mark.parametrize("times", [TIMES, np.sort(np.random.default_rng(3).uniform(0, 4, 100))])
def test_tremor_shrinks_and_the_poses_most(times: np.ndarray) -> None:
    left = smooth(times, tremor(times), 0.5)[5:-5].std(0) / 0.01
    assert left[YAW] < left[BROW] < left[JAW] < 0.95
    assert left[YAW] < 0.6


@pytest.mark.parametrize("shape", [(1.0, 1.0, 1.0), (0.5, 1.0, 0.5)])
@pytest.mark.parametrize("channel", [BLINK, JAW])
def test_a_blink_of_three_frames_keeps_its_height(shape: tuple[float, ...], channel: int) -> None:
    motion = tremor()
    motion[50:53, channel] += 0.6 * np.array(shape, np.float32)
    smoothed = smooth(TIMES, motion, 0.5)
    rest = np.median(smoothed[:, channel])
    assert smoothed[50:53, channel].max() - rest >= 0.8 * 0.6
    assert np.argmax(smoothed[:, channel]) in (50, 51, 52)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_nothing_is_late(strength: float) -> None:
    motion = tremor(scale=0.003)
    motion += (0.15 * np.sin(2 * np.pi * 1.5 * TIMES))[:, None].astype(np.float32)
    smoothed = smooth(TIMES, motion, strength)
    for channel in (YAW, X, JAW, BROW):
        before, after = (m[10:-10, channel] - m[10:-10, channel].mean() for m in (motion, smoothed))
        overlap = [float((before[5:-5] * np.roll(after, -lag)[5:-5]).sum()) for lag in range(-4, 5)]
        assert int(np.argmax(overlap)) - 4 == 0


def test_a_steady_turn_stays_the_same_up_to_its_ends() -> None:
    motion = np.zeros((100, 59), np.float32)
    motion[:, YAW] = np.linspace(-0.5, 0.5, 100)
    assert smooth(TIMES, motion, 1.0)[:, YAW] == pytest.approx(motion[:, YAW], abs=1e-5)


def test_a_roll_through_half_a_turn_does_not_swing_back() -> None:
    motion = np.zeros((100, 59), np.float32)
    motion[:, ROLL] = (np.linspace(2.9, 3.4, 100) + np.pi) % (2 * np.pi) - np.pi
    smoothed = smooth(TIMES, motion, 1.0)[:, ROLL]
    assert np.abs(np.exp(1j * smoothed) - np.exp(1j * motion[:, ROLL])).max() < 1e-4


@pytest.mark.parametrize("count", [1, 2])
def test_the_shortest_motions_are_left_alone(count: int) -> None:
    motion = tremor()[:count]
    assert np.array_equal(smooth(TIMES[:count], motion, 1.0), motion)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(MotionError, match="0 to 1"):
        smooth(TIMES, tremor(), strength)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(MotionError, match="fit"):
        smooth(TIMES[:9], tremor(), 0.5)


def test_gaps_are_bridged_in_time_and_reported() -> None:
    frame = tremor()[0]
    times = [0.0, 0.1, 0.2, 0.5, 0.6, 0.7]
    motion, gaps = bridge_gaps(times, [None, frame, None, None, frame + 1, None])
    assert gaps == [(0, 1), (2, 4), (5, 6)]
    assert motion.dtype == np.float32
    assert motion[0] == pytest.approx(frame)
    assert motion[2] == pytest.approx(frame + 0.2, abs=1e-6), "0.1 of 0.5 seconds after the last sight"
    assert motion[3] == pytest.approx(frame + 0.8, abs=1e-6)
    assert motion[5] == pytest.approx(frame + 1)


def test_a_gap_is_bridged_the_short_way_round() -> None:
    before, after = np.zeros((2, 59), np.float32)
    before[ROLL], after[ROLL] = 3.0, -3.0
    motion, _ = bridge_gaps([0, 1, 2], [before, None, after])
    assert np.cos(motion[1, ROLL]) == pytest.approx(-1, abs=1e-6)


def test_one_frame_and_no_gap() -> None:
    motion, gaps = bridge_gaps([0.0], [tremor()[0]])
    assert motion.shape == (1, 59)
    assert gaps == []


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_motion_without_any_face_says_so(count: int) -> None:
    with pytest.raises(NoFaceError, match="face"):
        bridge_gaps(np.arange(count), [None] * count)
