"""Natural voices, and when they say what."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from datasets.speech.flite import Flite
from models.errors import TrainingDataError

pytestmark = pytest.mark.skipif(shutil.which("flite") is None, reason="needs flite")


def test_phonemes_lie_where_they_sound() -> None:
    speech = Flite().speak("Five papers.", "slt")
    names = [phoneme.name for phoneme in speech.phonemes]
    assert [name for name in names if name in ("f", "v", "p", "aI", "eI")] == ["f", "aI", "v", "p", "eI", "p"]
    assert speech.phonemes[-1].end == pytest.approx(len(speech.sound) / 16_000, abs=0.2)
    vowel = next(p for p in speech.phonemes if p.name == "aI")
    loud, silent = (
        np.abs(speech.sound[int(p.start * 16_000) : int(p.end * 16_000)]).mean() for p in (vowel, speech.phonemes[0])
    )
    assert loud > 10 * silent


def test_stretched_speech_takes_longer() -> None:
    usual, slow = (len(Flite().speak("A big bag.", "rms", stretch=stretch).sound) for stretch in (1, 1.5))
    assert slow > 1.3 * usual


def test_a_voice_that_is_not_there_is_named() -> None:
    with pytest.raises(TrainingDataError, match="nobody"):
        Flite().speak("Hello.", "nobody")
