"""Videos of one person become clips of one square at 25 frames a second, with sound and times of speech."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from datasets.clips import clip_files
from datasets.speech.recordings import read_sound
from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.errors import TrainingDataError
from models.extractor.extractor import Extractor
from models.video import probe, read_frames
from tests.clips import beep, write_clip
from training.data.clip_file import sound_of, spoken
from training.data.clips import ClipLimits, make_clips
from training.data.origins import Input, inputs

LIMITS = ClipLimits(0.5, 1.0, 100)


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return load_extractor(open_bundle(DEFAULT_BUNDLE), threads=1)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut for a second and a half at 20 frames a second, with a beep; a video of nobody; no video."""
    folder = tmp_path_factory.mktemp("videos")
    face = skimage.data.astronaut()
    times = [3 + k / 20 for k in range(30)]
    write_clip(folder / "a.mkv", [face] * 30, times, sounds=[beep(1.5, 0.6)], sound_start=3.0)
    write_clip(folder / "b.mp4", [np.zeros_like(face)] * 30, times)
    (folder / "c.mp4").write_bytes(b"no video")
    return folder


def passed(things: Iterable[Input]) -> Iterable[Input]:
    return things


@pytest.mark.slow
def test_a_video_becomes_clips(extractor: Extractor, videos: Path, tmp_path: Path) -> None:
    found = inputs(videos, ["mkv", "mp4"], "tests", "public domain")
    count, left_out = make_clips(tmp_path, found, extractor, LIMITS, 0, passed)
    assert left_out == {
        "no face that stays long and large enough": ["b.mp4"],
        "not a video that can be read": ["c.mp4"],
    }
    clips = clip_files(tmp_path, "train")
    assert len(clips) == count == 2
    infos = [probe(clip) for clip in clips]
    assert [(info.width, info.height, info.fps, info.audio) for info in infos] == [(256, 256, 25, True)] * 2
    assert [len(list(read_frames(clip))) for clip in clips] == [25, 13]
    assert np.argmax(np.abs(read_sound(clips[0])) > 0.3) / 16_000 == pytest.approx(0.6, abs=0.03)
    table = (tmp_path / "clips" / "words.csv").read_text()
    assert "0.000-0.600:sil 0.600-0.7" in table
    assert make_clips(tmp_path, found, None, LIMITS, 0, passed)[0] == 2, "what was cut is not cut again"  # type: ignore[arg-type]
    with pytest.raises(TrainingDataError, match="least_side"):
        make_clips(tmp_path, found, extractor, replace(LIMITS, least_side=50), 0, passed)


def test_several_people_are_refused(extractor: Extractor, videos: Path, tmp_path: Path) -> None:
    first, *others = inputs(videos, ["mkv", "mp4"], "tests", "public domain")
    with pytest.raises(TrainingDataError, match="show 2 people"):
        make_clips(tmp_path, [replace(first, identity="ann"), *others], extractor, LIMITS, 0, passed)


def test_sound_begins_with_the_picture(tmp_path: Path) -> None:
    grey = [np.full((64, 64, 3), 90, np.uint8)] * 20
    times = [k / 25 for k in range(20)]
    for start, heard in ((0.25, 0.55), (-0.2, 0.1)):
        shift = max(0.0, -start)
        path = write_clip(
            tmp_path / "a.mkv", grey, [t + shift for t in times], sounds=[beep(0.8, 0.3)], sound_start=start + shift
        )
        assert np.argmax(np.abs(sound_of(path)) > 0.3) / 16_000 == pytest.approx(heard, abs=0.03)
    assert len(sound_of(write_clip(tmp_path / "b.mp4", grey, times))) == 0


def test_silence_says_nothing() -> None:
    assert spoken(np.zeros(16_000, np.float32), 1.0) == "0.000-1.000:sil"
    assert spoken(np.zeros(0, np.float32), 1.0) == "0.000-1.000:sil"
