"""Clips begin and end as the photo is, whatever is spoken between."""

from __future__ import annotations

import numpy as np
import pytest

from models.audio.ends import eased
from models.coefficients import ARKIT

SOURCE = np.linspace(0, 0.3, 59).astype(np.float32)
JAW, BROW, YAW = ARKIT.index["jawOpen"], ARKIT.index["browInnerUpLeft"], 53


def motion(frames: int) -> np.ndarray:
    return np.random.default_rng(frames).uniform(0.3, 0.6, (frames, 59)).astype(np.float32)


def done(*chunks: np.ndarray) -> np.ndarray:
    return np.concatenate(list(eased(ARKIT, SOURCE, chunks)))


@pytest.mark.parametrize("frames", [1, 2, 7, 45, 61, 200])
def test_the_first_and_the_last_frame_are_the_photo(frames: int) -> None:
    result = done(motion(frames))
    assert result.shape == (frames, 59)
    assert np.array_equal(result[0], SOURCE)
    assert np.array_equal(result[-1], SOURCE)


def test_lips_go_over_first_and_the_head_last() -> None:
    spoken = np.full((200, 59), 0.5, np.float32)
    result = done(spoken)
    assert result[6, JAW] == 0.5
    assert result[6, BROW] < 0.5
    assert result[12, BROW] == 0.5
    assert result[12, YAW] < 0.5
    assert (result[21:-21] == 0.5).all()
    assert np.abs(np.diff(result, axis=0)).max() < 0.2, "nothing jumps"


def test_pieces_are_the_whole_and_leave_before_the_end() -> None:
    spoken = motion(200)
    assert np.array_equal(done(*np.split(spoken, [3, 50, 51, 140])), done(spoken))
    first = next(eased(ARKIT, SOURCE, iter([spoken[:100]])))
    assert len(first) == 40
