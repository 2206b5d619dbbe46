"""Speech whose phonemes are known: do lips close where they must, and open where they should?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.speech.espeak import Espeak, Phoneme, Utterance
from datasets.speech.visemes import BILABIALS, LABIODENTALS, with_closures
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
    "Five very funny foxes found a village in the valley.",
    "Every evening Vera drove her father's van over the river.",
)
VOICES = ("en-us", "en-us+f2", "en+m3", "en-gb-scotland+f4")
"""Male and female; each speaks every other sentence."""

FOREIGN = {
    "de": (
        "Meine Mutter backt am Abend warme Brote mit Butter.",
        "Peter kam mit dem Bus an und brachte bunte Blumen mit.",
        "Am Montag beginnt die Probe im alten Museum.",
    ),
    "fr": (
        "Ma mère apporte beaucoup de pommes pour le bébé.",
        "Papa part à la campagne avec un petit bateau blanc.",
        "Le bus passe par le pont près de la banque.",
    ),
    "es": (
        "Mi papá prepara una buena comida para mamá.",
        "Pablo compra pan y mermelada en la panadería.",
        "El bebé toma la pelota y la lleva al baño.",
    ),
    "it": (
        "La mamma compra pane buono per il bambino.",
        "Il papà porta una bella palla al parco.",
        "Domani Paola prepara la pasta con il pomodoro.",
    ),
    "ru": (
        "Мама варила борщ, а папа мыл машину.",
        "Бабушка купила молоко и белый хлеб.",
        "Павел обещал помочь брату по дому.",
    ),
}
"""Sentences by eSpeak's voice, of languages that no network learnt."""

_FOREIGN_OPEN = ("a", "A", "E", "O", "a:", "A:", "E:", "O:", "aI", "aU")

TEETH = 1.3
"""The lower lip is at the upper teeth when the gap is at most this wide: as far as they reach below the upper lip."""

_OPEN_VOWELS = ("A:", "a", "aI", "aU", "0", "V", "E", "eI", "O:", "oU", "OI", "A@", "e@")
_LEAD = 0.4  # seconds of silence before a sentence


@dataclass(frozen=True)
class Closure:
    """Fractions of the phonemes in question.

    Attributes:
        closed: of /p b m/, with lips together at some time of the closure, one frame more on either side.
        bilabials: how many there were.
        opened: of open vowels that last for a frame at least, with lips apart at some time. Shorter ones, as Russian
            has them where it reduces vowels, no 25 frames a second can show.
        vowels: how many there were.
        at_teeth: of /f v/, with the lower lip at the upper teeth.
        labiodentals: how many there were.
    """

    closed: float
    bilabials: int
    opened: float
    vowels: int
    at_teeth: float
    labiodentals: int


def test_sentences() -> list[Utterance]:
    """The test sentences, from silence to silence. Raises TrainingDataError where eSpeak NG is missing."""
    espeak = Espeak()
    return [
        _with_silence(espeak.speak(text, voice, words_a_minute=150, pitch=50, pitch_range=50))
        for number, text in enumerate(SENTENCES)
        for voice in VOICES[number % 2 :: 2]
    ]


def foreign_sentences() -> dict[str, list[Utterance]]:
    """Sentences of other languages, by language. Raises TrainingDataError where eSpeak NG is missing."""
    espeak = Espeak()
    return {
        language: [
            _with_silence(espeak.speak(text, language + voice, words_a_minute=150, pitch=50, pitch_range=50))
            for text in texts
            for voice in ("", "+f2")
        ]
        for language, texts in FOREIGN.items()
    }


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
    teeth: float = TEETH,
) -> Closure:
    """Count closures and openings.

    Args:
        gap_of: lip gaps [T] above rest of a sentence's frames.
    """
    shut, wide, at_teeth = [], [], []
    for sentence in sentences:
        gap = gap_of(sentence)
        for phoneme in with_closures(sentence.phonemes):
            first, last = int(phoneme.start * FRAME_RATE), int(np.ceil(phoneme.end * FRAME_RATE))
            if phoneme.name[:1] in BILABIALS:
                shut.append(bool(gap[max(first - 1, 0) : last + 1].min() <= closed))
            elif phoneme.name[:1] in LABIODENTALS:
                at_teeth.append(bool(gap[max(first - 1, 0) : last + 1].min() <= teeth))
            elif phoneme.name in (*_OPEN_VOWELS, *_FOREIGN_OPEN) and phoneme.end - phoneme.start >= 1 / FRAME_RATE:
                wide.append(bool(gap[first : max(last, first + 1)].max() >= opened))
    means = [float(np.mean(hits)) if hits else 1.0 for hits in (shut, wide, at_teeth)]
    return Closure(means[0], len(shut), means[1], len(wide), means[2], len(at_teeth))


def closure_of_motion(speech: SpeechMotion, gap: LipGap, sentences: list[Utterance], temperature: float) -> Closure:
    """On the 3DMM's lips."""
    return closure(sentences, lambda sentence: gap(motion_on_neutral_face(speech, sentence, 0, temperature)))


def _with_silence(utterance: Utterance) -> Utterance:
    lead = np.zeros(round(_LEAD * SAMPLE_RATE), np.float32)
    moved = (Phoneme(p.name, p.start + _LEAD, p.end + _LEAD) for p in utterance.phonemes)
    return Utterance(np.concatenate([lead, utterance.sound, lead]), tuple(moved))
