"""How many frames of a video count as missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.video import VideoInfo, probe, read_frames
from tests.clips import beep, write_clip
from workers.source_input import frames_missing

EVEN = np.arange(30) / 25


def of_file(path: Path) -> int:
    return frames_missing(probe(path), np.array([time for time, _ in read_frames(path)]))


def test_an_intact_file_misses_none_wherever_its_clock_starts(tmp_path: Path) -> None:
    grey = [np.full((48, 64, 3), 90, np.uint8)] * 30
    for name in ("a.mkv", "a.mp4", "a.ts"):
        sound = {"sounds": [beep(4.0, 0.3)], "sound_start": 129.0}
        assert of_file(write_clip(tmp_path / name, grey, (130 + EVEN).tolist(), **sound)) == 0, name


def test_frames_that_are_stated_and_do_not_come_are_missing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (30, 48, 64, 3), np.uint8)
    path = write_clip(tmp_path / "a.mkv", noise, (130 + EVEN).tolist())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert of_file(path) == pytest.approx(20, abs=4)


@pytest.mark.parametrize(
    ("frames", "seconds", "missing"), [(40, 1.6, 10), (30, 1.2, 0), (20, 0.8, 0), (None, 2.2, 25), (None, None, 0)]
)
def test_by_number_or_else_by_length(frames: int | None, seconds: float | None, missing: int) -> None:
    assert frames_missing(VideoInfo(64, 48, frames, seconds, 25.0, False), EVEN) == missing
