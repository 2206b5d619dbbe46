"""The synthesiser says what it is given and reports when."""

from __future__ import annotations

import ctypes.util

import numpy as np
import pytest

from datasets.speech.espeak import Espeak
from models.errors import TrainingDataError

pytestmark = pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="needs libespeak-ng1")


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak()


def test_phonemes_lie_where_they_sound(espeak: Espeak) -> None:
    speech = espeak.speak("Papa, mama.", "en-us", words_a_minute=150, pitch=50, pitch_range=50)
    names = [phoneme.name for phoneme in speech.phonemes]
    assert names.count("p") == 2
    assert names.count("m") == 2
    starts = [phoneme.start for phoneme in speech.phonemes]
    assert starts == sorted(starts)
    assert speech.phonemes[-1].end == pytest.approx(len(speech.sound) / 16_000, abs=0.01)
    vowel = max((p for p in speech.phonemes if p.name[0] in "AaO0"), key=lambda p: p.end - p.start)
    pause = next(p for p in speech.phonemes if p.name.startswith("_") and p.end - p.start > 0.05)
    loud, silent = (np.abs(speech.sound[int(p.start * 16_000) : int(p.end * 16_000)]).mean() for p in (vowel, pause))
    assert loud > 20 * silent


def test_voices_differ_in_how_they_say_the_same(espeak: Espeak) -> None:
    first, again, other = (
        espeak.speak("Hello there.", voice, words_a_minute=150, pitch=50, pitch_range=50)
        for voice in ("en-us", "en-us", "en-us+f3")
    )
    assert [p.name for p in first.phonemes] == [p.name for p in again.phonemes]
    assert len(first.sound) == pytest.approx(len(again.sound), abs=160)

    def colour(sound: np.ndarray) -> np.ndarray:
        return np.abs(np.fft.rfft(sound, 16_384)).reshape(-1)[:8192].reshape(64, -1).mean(1)

    alike, unlike = (np.corrcoef(colour(first.sound), colour(u.sound))[0, 1] for u in (again, other))
    assert alike > 0.98 > unlike


def test_a_voice_that_is_not_there_is_named(espeak: Espeak) -> None:
    with pytest.raises(TrainingDataError, match="xx-nobody"):
        espeak.speak("Hello.", "xx-nobody", words_a_minute=150, pitch=50, pitch_range=50)
