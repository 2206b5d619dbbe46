"""Who speaks when: voices, whispers and noises that the tests make."""

from __future__ import annotations

import numpy as np
import pytest

from models.audio.features import BLOCK, sample_windows
from models.audio.rhythm import AHEAD, RhythmTracker, periodicity

RATE, BEFORE, AFTER = 16_000, 5, 10


def voice(seconds: float, level: float = 0.1) -> np.ndarray:
    """A buzz of 120 Hz with its overtones."""
    time = np.arange(round(seconds * RATE)) / RATE
    return level * sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))


def noise(seconds: float, level: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, level, round(seconds * RATE))


def heard(sound: np.ndarray, *, pieces: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Speech, stress and pause of all frames."""
    tracker, found = RhythmTracker(), []
    for samples, frames in sample_windows(np.array_split(sound.astype(np.float32), pieces), BEFORE, AFTER):
        rhythm = tracker.hear(samples, BEFORE)
        assert len(rhythm.speech) == len(rhythm.stress) == len(rhythm.pause) == BLOCK
        found.append([rhythm.speech[:frames], rhythm.stress[:frames], rhythm.pause[:frames]])
    speech, stress, pause = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return speech, stress, pause


def test_a_voice_is_speech_and_silence_is_not() -> None:
    sound = np.concatenate([np.zeros(RATE), voice(1.0), np.zeros(2 * RATE)])
    speech, _, pause = heard(sound)
    assert (speech[:18] == 0).all()
    assert (speech[25:50] == 1).all()
    assert (speech[60:] == 0).all()
    assert pause.sum() == 1
    assert 50 < np.argmax(pause) < 60


@pytest.mark.parametrize("level", [0.003, 0.05, 0.3])
def test_a_steady_noise_is_no_speech_however_loud(level: float) -> None:
    speech, stress, pause = heard(noise(4, level))
    assert speech.max() == 0
    assert stress.max() == 0
    assert not pause.any()


def test_a_voice_is_heard_above_a_noise_and_its_pauses_too() -> None:
    sound = np.concatenate([np.zeros(RATE), voice(1.0), np.zeros(RATE), voice(1.0), np.zeros(RATE)]) + noise(5, 0.01)
    speech, _, pause = heard(sound)
    for first, last, spoken in ((3, 18, 0), (27, 48, 1), (58, 68, 0), (77, 98, 1), (110, 125, 0)):
        assert (speech[first:last] == spoken).all(), (first, last)
    assert pause.sum() == 2


def test_whispers_are_speech() -> None:
    sound = np.concatenate([noise(1, 0.0005), noise(1, 0.02), noise(1, 0.0005)])
    speech, _, _ = heard(sound)
    assert (speech[28:48] == 1).all()
    assert (speech[60:] == 0).all()


def test_the_louder_word_is_stressed_before_it_sounds() -> None:
    words = [voice(0.3, 0.3 if word == 3 else 0.08) for word in range(6)]
    sound = np.concatenate([np.concatenate([np.zeros(RATE // 5), word]) for word in words])
    _, stress, _ = heard(sound)
    frames = np.flatnonzero(stress)
    loud = 25 * (3 * 0.5 + 0.2)  # where that word begins
    assert len(frames) >= 1
    assert any(loud - AHEAD - 1 <= frame <= loud + 8 for frame in frames)
    assert 0 < stress.max() <= 1


def test_how_a_sound_is_cut_does_not_matter() -> None:
    sound = np.concatenate([voice(1.3), noise(0.7, 0.01), voice(0.5, 0.3), np.zeros(RATE)])
    for whole, cut in zip(heard(sound), heard(sound, pieces=9), strict=True):
        assert np.array_equal(whole, cut)


def test_a_tone_is_periodic_and_noise_is_not() -> None:
    tone = voice(0.4).reshape(-1, 640).astype(np.float32)
    assert periodicity(tone).min() > 0.9
    assert periodicity(noise(0.4, 0.1).reshape(-1, 640).astype(np.float32)).max() < 0.3
    assert periodicity(np.zeros((2, 640), np.float32)).max() == 0
