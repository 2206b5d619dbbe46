"""What a reenacted clip is held to, on motions that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation import report
from evaluation.reenactment import choose_clips, compare
from models.coefficients import ARKIT
from models.errors import TrainingDataError

JAW, YAW, PITCH = ARKIT.index["jawOpen"], 53, 54


def speech(frames: int = 50) -> np.ndarray:
    motion = np.zeros((frames, ARKIT.size), np.float32)
    clock = np.linspace(0, 6, frames)
    motion[:, JAW] = 0.3 + 0.2 * np.sin(5 * clock)
    motion[:, YAW] = np.radians(5) * np.sin(clock)
    motion[:, PITCH] = np.radians(1) * np.sin(clock)
    return motion


def test_a_faithful_clip_correlates_and_has_no_distance() -> None:
    result = compare(ARKIT, "clip", speech(), speech())
    assert result.correlation["jawOpen"] == pytest.approx(1)
    assert result.correlation["yaw"] == pytest.approx(1)
    assert result.expression_distance == result.pose_distance == 0
    assert result.copied_expression_distance > 0


def test_a_head_that_hardly_turns_is_not_held_to_a_correlation() -> None:
    assert compare(ARKIT, "clip", speech(), speech()).correlation["pitch"] is None


def test_a_frozen_clip_does_not_correlate_and_is_as_far_as_the_copy() -> None:
    driven = speech()
    result = compare(ARKIT, "clip", driven, np.repeat(driven[:1], len(driven), 0))
    assert result.correlation["jawOpen"] == 0
    assert result.expression_distance == pytest.approx(result.copied_expression_distance)


def test_a_jaw_that_moves_against_the_driver_correlates_negatively() -> None:
    driven, found = speech(), speech()
    found[:, JAW] = 1 - found[:, JAW]
    assert compare(ARKIT, "clip", driven, found).correlation["jawOpen"] == pytest.approx(-1)


def test_the_table_shows_the_copy_beside_the_clip() -> None:
    table = report.reenactment_table([compare(ARKIT, "clip", speech(), speech())])
    assert table.rows[0][2].startswith("1.00")
    assert table.rows[3][2].startswith("0.00")
    assert not table.rows[3][3].startswith("0.00")


def test_clips_come_from_the_test_split(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="training data clips"):
        choose_clips(tmp_path, 3, 0)
    (tmp_path / "grid_s1").mkdir()
    index = tmp_path / "grid_s1" / "words.csv"
    index.write_text("file,words (start-end seconds:word),split\na.mp4,x,train\nb.mp4,x,test\nc.mp4,x,test\n")
    assert [path.name for path in choose_clips(tmp_path, 3, 0)] == ["b.mp4", "c.mp4"]
    assert len(choose_clips(tmp_path, 1, 0)) == 1
    index.write_text("file,words (start-end seconds:word),split\na.mp4,x,train\n")
    with pytest.raises(TrainingDataError, match="split test"):
        choose_clips(tmp_path, 3, 0)
