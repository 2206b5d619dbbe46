"""What is measured of speech: lags, gaps, closures, bands, blinks and variety, on motions whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.speech.espeak import Phoneme, Utterance
from evaluation.audio.closures import closure
from evaluation.audio.lips import LAGS, Agreement, LipGap, correlations, peak
from evaluation.audio.recorded import diversity, spectra, summarised
from evaluation.audio.rendered import blinks_seen
from evaluation.audio.silence import blinks_a_minute, long_sound, sounds
from models.audio import SAMPLE_RATE
from models.coefficients import ARKIT

JAW = ARKIT.index["jawOpen"]


@pytest.fixture
def gap() -> LipGap:
    """Of a face whose lips part with the jaw alone, by 20 % of its height."""
    slope = np.zeros(53)
    slope[JAW] = 20
    return LipGap(slope)


def moving(frames: int = 200, seed: int = 0) -> np.ndarray:
    motion = np.zeros((frames, 59), np.float32)
    motion[:, JAW] = np.convolve(np.random.default_rng(seed).random(frames + 4), np.ones(5) / 5, "valid")
    return motion


def test_a_late_motion_is_found_late(gap: LipGap) -> None:
    real = gap(moving())
    for late in (-1, 0, 1):
        predicted = np.roll(real, late)
        curve = correlations(real, predicted)
        assert LAGS[int(curve.argmax())] == late
        found = Agreement.of([(real, predicted)] * 3)
        assert found.lag == late
        assert found.offset == pytest.approx(late, abs=0.3)
        assert found.best == pytest.approx(1, abs=0.02)
    assert Agreement.of([(real, np.roll(real, 4))]).best < 0.9, "only one frame is forgiven"
    assert Agreement.of([(real, np.zeros_like(real))]).best == 0


def test_lips_of_another_clip_agree_less_and_small_lips_are_found_small(gap: LipGap) -> None:
    clips = [gap(moving(seed=seed)) for seed in range(4)]
    found = Agreement.of([(real, 0.5 * real) for real in clips])
    assert found.amplitude == pytest.approx(0.5)
    assert found.best == pytest.approx(1)
    assert found.shuffled < 0.5


def test_the_top_of_a_curve_lies_between_its_samples() -> None:
    x = np.arange(11)
    assert peak(-((x - 4.3) ** 2.0)) == pytest.approx(4.3)
    assert peak(x.astype(float)) == 10


def test_closures_and_openings_are_counted_where_they_should_be() -> None:
    phonemes = (Phoneme("A:", 0.4, 0.8), Phoneme("b", 0.8, 0.9), Phoneme("A:", 0.9, 1.2), Phoneme("m", 1.2, 1.4))
    spoken = Utterance(np.zeros(2 * SAMPLE_RATE, np.float32), phonemes)
    track = np.zeros(50)
    track[10:30] = 4
    track[21] = 0.5
    result = closure([spoken], lambda sentence: track)
    assert result.labiodentals == 0
    assert (result.closed, result.bilabials, result.opened, result.vowels) == (1, 2, 1, 2)
    result = closure([spoken], lambda sentence: np.full(50, 1.0))
    assert (result.closed, result.opened) == (0, 0)


def test_vowels_shorter_than_a_frame_do_not_count() -> None:
    phonemes = (Phoneme("m", 0.4, 0.5), Phoneme("A", 0.5, 0.53), Phoneme("m", 0.53, 0.6), Phoneme("A", 0.6, 0.65))
    result = closure([Utterance(np.zeros(SAMPLE_RATE, np.float32), phonemes)], lambda sentence: np.zeros(25))
    assert (result.vowels, result.opened, result.closed) == (1, 0, 1)


def test_blinks_are_counted_on_eyes_as_a_judge_sees_them() -> None:
    eyes = np.full(250, 0.3)
    eyes[[50, 51, 52, 120, 121, 200]] = 0.1
    eyes[80:90] = 0.25
    assert blinks_seen([eyes, eyes]) == pytest.approx(18)


def test_slow_motion_is_in_the_slow_band(gap: LipGap) -> None:
    time = np.arange(100) / 25
    motion = np.zeros((100, 59), np.float32)
    motion[:, JAW] = 0.1 * np.sin(2 * np.pi * 1.0 * time)
    motion[:, 53] = np.radians(3) * np.sin(2 * np.pi * 8 * time)
    found = spectra(gap, [motion, motion])
    lips, yaw = summarised(*found["lips"]), summarised(*found["yaw"])
    assert lips.fractions[0] > 0.9
    assert yaw.fractions[2] > 0.9
    assert yaw.deviation == pytest.approx(3 / np.sqrt(2), rel=0.1)
    assert lips.deviation == pytest.approx(2 / np.sqrt(2), rel=0.1)


def test_heads_that_differ_and_lips_that_agree(gap: LipGap) -> None:
    first, second = moving(), moving()
    second[:, 53] = np.radians(5)
    found = diversity(gap, [[first, second, first]])
    assert found.degrees == pytest.approx(10 / 3, rel=1e-3)
    assert found.lips == pytest.approx(1)


def test_blinks_are_counted_once() -> None:
    motion = np.zeros((750, 59), np.float32)
    for start in (100, 300, 500):
        motion[start : start + 6, [ARKIT.index["eyeBlinkLeft"], ARKIT.index["eyeBlinkRight"]]] = 0.9
    assert blinks_a_minute([motion]) == 6


def test_sounds_without_speech_are_as_loud_as_they_say() -> None:
    made = sounds()
    assert {len(sound) for sound in made.values()} == {10 * SAMPLE_RATE}
    assert not made["silence"].any()
    assert np.abs(made["loud noise"]).mean() > 50 * np.abs(made["faint noise"]).mean() > 0
    assert len(long_sound([np.ones(10, np.float32)], 1)) == SAMPLE_RATE
