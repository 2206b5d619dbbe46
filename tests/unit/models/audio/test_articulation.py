"""Quicker lips: what is quick grows, what is slow is scaled, and pieces are the whole."""

from __future__ import annotations

import numpy as np
import pytest

from models.audio.articulation import articulated
from models.coefficients import ARKIT

JAW, BROW, YAW = ARKIT.index["jawOpen"], ARKIT.index["browInnerUpLeft"], 53
TIME = np.arange(200) / 25


def swing(hertz: float) -> np.ndarray:
    motion = np.zeros((200, 59), np.float32)
    motion[:, [JAW, BROW, YAW]] = 0.1 * np.sin(2 * np.pi * hertz * TIME)[:, None]
    return motion


def done(*chunks: np.ndarray) -> np.ndarray:
    return np.concatenate(list(articulated(chunks)))


def gain(hertz: float) -> float:
    return float(done(swing(hertz))[20:-20, JAW].std() / swing(hertz)[20:-20, JAW].std())


def test_quick_movements_grow_more_than_slow_ones() -> None:
    assert gain(0.3) == pytest.approx(1.1, abs=0.1)
    between = abs(0.75 + 0.25 * np.exp(2j * np.pi * 5 / 25))  # what is left of it a quarter of a frame on
    assert gain(5) == pytest.approx(1.1 * 1.8 * between, abs=0.05)
    assert gain(0.3) < gain(1) < gain(2)


def test_a_mouth_that_is_held_stays_where_it_is_but_for_its_size() -> None:
    motion = np.zeros((40, 59), np.float32)
    motion[:, JAW] = 0.2
    assert done(motion)[:, JAW] == pytest.approx(0.22, abs=1e-6)


def test_only_the_mouth_is_changed() -> None:
    motion = swing(3)
    assert np.array_equal(done(motion)[:, [BROW, YAW]], motion[:, [BROW, YAW]])


def test_pieces_are_the_whole_and_nothing_is_lost() -> None:
    motion = np.random.default_rng(0).normal(0, 0.1, (103, 59)).astype(np.float32)
    whole = done(motion)
    assert whole.shape == motion.shape
    assert np.allclose(done(*np.split(motion, [1, 3, 25, 26, 90])), whole, atol=1e-6)
    assert done(motion[:1]).shape == (1, 59)
    assert list(articulated([])) == []


def test_lips_come_a_quarter_of_a_frame_earlier() -> None:
    rise = np.clip((np.arange(100) - 40) / 20, 0, 1)
    motion = np.zeros((100, 59), np.float32)
    motion[:, JAW] = rise
    early = done(motion)[:, JAW] / 1.1
    middle = np.interp(0.5, early[40:61], np.arange(40, 61))
    assert middle == pytest.approx(49.75, abs=0.05)
