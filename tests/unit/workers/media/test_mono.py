"""Two channels become one that has the sound, whichever way round they are, and wherever the stream is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from workers.media.mono import mixed_to_mono

RATE = 16_000


def speech(seconds: float) -> np.ndarray:
    """Noise that swells four times a second, int16 [samples]."""
    time = np.arange(round(seconds * RATE)) / RATE
    swell = np.square(np.sin(2 * np.pi * 2 * time))
    return (8000 * swell * np.random.default_rng(0).uniform(-1, 1, len(time))).astype(np.int16)


def stereo(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], 1).astype(np.int16)


def mixed(*stretches: np.ndarray) -> np.ndarray:
    parts = list(mixed_to_mono(stretches))
    assert all(part.dtype == np.int16 and part.shape[1:] == (1,) for part in parts)
    return np.concatenate([np.zeros((0, 1), np.int16), *parts])[:, 0]


def test_equal_channels_and_one_channel_stay_as_they_are() -> None:
    sound = speech(1.0)
    assert (mixed(stereo(sound, sound)) == sound).all()
    assert (mixed(sound[:, None]) == sound).all()
    assert (mixed(sound[:, None], stereo(sound, sound)) == np.tile(sound, 2)).all()


def test_ordinary_stereo_is_the_mean() -> None:
    left, right = speech(1.0), np.roll(speech(1.0), 40)
    assert np.abs(mixed(stereo(left, right)) - (left + right.astype(int)) / 2).max() <= 0.5
    assert np.abs(mixed(stereo(left, 0 * left)) - left / 2).max() <= 0.5, "a silent channel"


def test_an_inverted_channel_is_turned() -> None:
    sound = speech(1.0)
    assert (mixed(stereo(sound, -sound)) == sound).all()


def test_a_stream_that_turns_in_the_middle_is_heard_on_both_sides_without_a_click() -> None:
    tone = (8000 * np.sin(2 * np.pi * 200 * np.arange(6 * RATE) / RATE)).astype(np.int16)
    heard = mixed(stereo(tone, np.r_[tone[: 3 * RATE], -tone[3 * RATE :]]))
    loudness = np.sqrt(np.square(heard.astype(float)).reshape(6, RATE).mean(1)) / (8000 / np.sqrt(2))
    assert loudness[[0, 1, 2, 5]] == pytest.approx(1.0, abs=0.01)
    assert np.abs(np.diff(heard.astype(int))).max() < 1.5 * np.abs(np.diff(tone.astype(int))).max()


def test_a_short_effect_upside_down_turns_nothing() -> None:
    sound = speech(4.0)
    right = sound.copy()
    right[2 * RATE : 2 * RATE + RATE // 10] *= -1
    heard = mixed(stereo(sound, right))
    outside = np.r_[0 : 2 * RATE, 2 * RATE + RATE // 10 : 4 * RATE]
    assert (heard[outside] == sound[outside]).all()


@pytest.mark.parametrize("cuts", [(1,), (511, 512, 513), (100, 7000, 7001)])
def test_the_same_sound_cut_anywhere_gives_the_same(cuts: Sequence[int]) -> None:
    sound = stereo(speech(1.0), -speech(1.0))
    assert (mixed(*np.split(sound, cuts)) == mixed(sound)).all()


def test_nothing_gives_nothing() -> None:
    assert len(mixed()) == 0
