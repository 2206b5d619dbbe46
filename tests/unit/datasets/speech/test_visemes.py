"""Lips close on bilabials, open on vowels, round where they should, and anticipate."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.speech.espeak import Phoneme
from datasets.speech.visemes import mouth_motion, visemes_of, with_closures
from models.audio.channels import MOUTH

JAW, CLOSE, PUCKER, PART, ROLL, UPPER = (
    MOUTH.index(name)
    for name in ("jawOpen", "mouthClose", "mouthPucker", "mouthLowerDown", "mouthRollLower", "mouthUpperUp")
)


def phonemes_of(*names: str, length: float = 0.12) -> list[Phoneme]:
    return [Phoneme(name, 0.2 + i * length, 0.2 + (i + 1) * length) for i, name in enumerate(names)]


def frames_of(phoneme: Phoneme) -> slice:
    return slice(round(phoneme.start * 25), max(round(phoneme.end * 25), round(phoneme.start * 25) + 1))


@pytest.mark.parametrize("name", ["p", "b", "m"])
@pytest.mark.parametrize("length", [0.05, 0.12])
def test_bilabials_close_between_open_vowels(name: str, length: float) -> None:
    phonemes = phonemes_of("A:", name, "A:", length=length)
    motion = mouth_motion(phonemes, 25)
    middle = round((phonemes[1].start + phonemes[1].end) / 2 * 25)
    shut = motion[middle - 1 : middle + 2]
    gap = 19.65 * shut[:, JAW] - 23.36 * shut[:, CLOSE] + 4 * shut[:, PART]  # of the 3DMM's inner lips, % of the face
    assert gap.min() <= 0.1
    assert motion[:, JAW].max() > 2 * shut[:, JAW].min()


@pytest.mark.parametrize("name", ["f", "v"])
@pytest.mark.parametrize("length", [0.05, 0.07, 0.12])
@pytest.mark.parametrize("shift", [0.0, 0.01, 0.02, 0.03])
def test_the_lip_is_at_the_teeth_between_open_vowels(name: str, length: float, shift: float) -> None:
    phonemes = [Phoneme(p.name, p.start + shift, p.end + shift) for p in phonemes_of("A:", name, "A:", length=length)]
    motion = mouth_motion(phonemes, 25)
    first, last = int(phonemes[1].start * 25), int(np.ceil(phonemes[1].end * 25))
    near = motion[first : last + 1]
    assert near[:, ROLL].max() > 0.2
    assert (17.5 * near[:, JAW] + 3.5 * near[:, PART] + 4.2 * near[:, UPPER]).min() <= 1.3


@pytest.mark.parametrize("shift", [0.0, 0.01, 0.02, 0.03])
def test_a_short_vowel_between_closures_is_seen(shift: float) -> None:
    phonemes = [Phoneme(p.name, p.start + shift, p.end + shift) for p in phonemes_of("b", "a", "b", length=0.06)]
    motion = mouth_motion(phonemes, 25)
    gap = 17.5 * motion[:, JAW] - 22.5 * motion[:, CLOSE] + 3.5 * motion[:, PART]
    first, last = int(phonemes[1].start * 25), int(np.ceil(phonemes[1].end * 25))
    assert gap[first:last].max() > 1.5


def test_vowels_open_as_their_kind_does() -> None:
    opening = {
        name: mouth_motion(phonemes_of("_", name, "_", length=0.25), 30)[:, JAW].max() for name in ("A:", "E", "u:")
    }
    assert opening["A:"] > opening["E"] > opening["u:"] > 0.04
    pucker = {
        name: mouth_motion(phonemes_of("_", name, "_", length=0.25), 30)[:, PUCKER].max() for name in ("A:", "u:")
    }
    assert pucker["u:"] > 0.3 > 0.05 > pucker["A:"]


def test_rounding_passes_through_what_does_not_care() -> None:
    rounded, spread = (
        mouth_motion(phonemes_of("t", vowel), 20)[frames_of(phonemes_of("t")[0]), PUCKER].max()
        for vowel in ("u:", "i:")
    )
    assert rounded > 0.1 > spread


def test_rest_before_and_after() -> None:
    motion = mouth_motion(phonemes_of("A:", "b", "A:"), 40)
    assert np.abs(motion[0]).max() < 0.06
    assert np.abs(motion[-5:]).max() < 0.02
    assert (motion >= 0).all()


def test_voiceless_stops_begin_in_the_silence_before_their_burst() -> None:
    vowel, stop = with_closures(phonemes_of("A:", "p"))
    assert stop.start == vowel.end == pytest.approx(0.32 - 0.055)
    assert with_closures(phonemes_of("A:", "b")) == phonemes_of("A:", "b")
    assert with_closures(phonemes_of("_:", "p")) == phonemes_of("_:", "p")


def test_diphthongs_are_two_mouths_and_nothing_is_unknown() -> None:
    assert len(visemes_of("aI2")) == 2
    assert visemes_of("tS") != visemes_of("t")
    assert visemes_of("no such sound"), "an indifferent mouth"
