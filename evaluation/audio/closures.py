"""Speech whose phonemes are known: do lips close where they must, and open where they should?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.speech.espeak import Espeak, Phoneme, Utterance
from datasets.speech.visemes import BILABIALS, with_closures
from evaluation.audio.lips import LipGap
from models.audio import FRAME_RATE, SAMPLE_RATE, MotionGains, SpeechMotion, speaking
from models.coefficients import ARKIT

CLOSED = 0.8
"""Lips count as closed when their gap is at most this much wider than at rest, per cent of the face's height."""

OPEN = 1.5
"""And as open from here on."""

SENTENCES = (
    "My mother bought a big bag of brown bread.",
    "Peter put the purple paper in a small box.",
    "Bob may come home before the summer begins.",
    "Please keep a map and a lamp by the bed.",
    "The baby climbed up and jumped into the boat.",
    "Maybe people remember the number of the problem.",
    "A bumpy bus trip made Pamela sleepy.",
    "Help me move the table to the empty room.",
)
VOICES = ("en-us", "en-us+f2", "en+m3", "en-gb-scotland+f4")
"""Male and female; each speaks every other sentence."""

_OPEN_VOWELS = ("A:", "a", "aI", "aU", "0", "V", "E", "eI", "O:", "oU", "OI", "A@", "e@")
_LEAD = 0.4  # seconds of silence before a sentence


@dataclass(frozen=True)
class Closure:
    """Fractions of the phonemes in question.

    Attributes:
        closed: of /p b m/, with lips together at some time of the closure, one frame more on either side.
        bilabials: how many there were.
        opened: of open vowels, with lips apart at some time.
        vowels: how many there were.
    """

    closed: float
    bilabials: int
    opened: float
    vowels: int


def test_sentences() -> list[Utterance]:
    """The test sentences, from silence to silence. Raises TrainingDataError where eSpeak NG is missing."""
    espeak = Espeak()
    return [
        _with_silence(espeak.speak(text, voice, words_a_minute=150, pitch=50, pitch_range=50))
        for number, text in enumerate(SENTENCES)
        for voice in VOICES[number % 2 :: 2]
    ]


def motion_on_neutral_face(
    speech: SpeechMotion, sentence: Utterance, seed: int, temperature: float
) -> NDArray[np.float32]:
    """Coefficients [T, 59] of a face at rest that speaks it."""
    motion = np.concatenate(list(speech.sample([sentence.sound], seed=seed, temperature=temperature)))
    return speaking(ARKIT, np.zeros(ARKIT.size, np.float32), motion, MotionGains())


def closure(
    sentences: Iterable[Utterance],
    gap_of: Callable[[Utterance], NDArray[np.float64]],
    closed: float = CLOSED,
    opened: float = OPEN,
) -> Closure:
    """Count closures and openings.

    Args:
        gap_of: lip gaps [T] above rest of a sentence's frames.
    """
    shut, wide = [], []
    for sentence in sentences:
        gap = gap_of(sentence)
        for phoneme in with_closures(sentence.phonemes):
            first, last = int(phoneme.start * FRAME_RATE), int(np.ceil(phoneme.end * FRAME_RATE))
            if phoneme.name[:1] in BILABIALS:
                shut.append(bool(gap[max(first - 1, 0) : last + 1].min() <= closed))
            elif phoneme.name in _OPEN_VOWELS:
                wide.append(bool(gap[first : max(last, first + 1)].max() >= opened))
    return Closure(float(np.mean(shut)), len(shut), float(np.mean(wide)), len(wide))


def closure_of_motion(speech: SpeechMotion, gap: LipGap, sentences: list[Utterance], temperature: float) -> Closure:
    """On the 3DMM's lips."""
    return closure(sentences, lambda sentence: gap(motion_on_neutral_face(speech, sentence, 0, temperature)))


def _with_silence(utterance: Utterance) -> Utterance:
    lead = np.zeros(round(_LEAD * SAMPLE_RATE), np.float32)
    moved = (Phoneme(p.name, p.start + _LEAD, p.end + _LEAD) for p in utterance.phonemes)
    return Utterance(np.concatenate([lead, utterance.sound, lead]), tuple(moved))
