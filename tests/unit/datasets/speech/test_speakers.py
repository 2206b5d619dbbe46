"""Speakers of whom there are a few clips: read back by speaker, with the time in which they speak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.speech.speakers import load_speakers, spoken_interval

RATE = 16_000


def sound() -> np.ndarray:
    """A voice from 1 s to 2 s of three."""
    time = np.arange(3 * RATE) / RATE
    voice = 0.1 * sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 15))
    return (voice * ((time >= 1) & (time < 2))).astype(np.float32)


def test_speech_is_found_in_a_clip() -> None:
    first, last = spoken_interval(sound())
    assert first == pytest.approx(1, abs=0.25)
    assert last == pytest.approx(2, abs=0.35)
    assert spoken_interval(np.zeros(2 * RATE, np.float32)) == (0, 2)


def test_clips_come_back_by_speaker(tmp_path: Path) -> None:
    for name in ("aa/aa_one", "aa/aa_two", "bb/bb_one"):
        path = tmp_path / f"{name}.npz"
        path.parent.mkdir(exist_ok=True)
        motion = np.full((75, 59), len(name), np.float32)
        np.savez(path, motion=motion, sound=np.round(sound() * 32767).astype(np.int16))
    np.savez(tmp_path / "bb" / "bb_blind.npz", motion=np.zeros((0, 59), np.float32), sound=np.zeros(0, np.int16))
    speakers = load_speakers(tmp_path)
    assert {name: [clip.name for clip in clips] for name, clips in speakers.items()} == {
        "aa": ["aa_one", "aa_two"],
        "bb": ["bb_one"],
    }
    clip = speakers["bb"][0]
    assert clip.sound == pytest.approx(sound(), abs=1e-4)
    assert clip.silent()[:15].all()
    assert not clip.silent()[30:45].any()
    assert load_speakers(tmp_path / "nowhere") == {}
