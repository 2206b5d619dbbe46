"""Phonemes to mouth motion, with coarticulation by dominance functions (Cohen & Massaro 1993).

Every phoneme has a mouth and a weight for it: a `t` lets an `oo` round the lips through it, a `b` lets nothing
keep them open. Targets are weights above the mouth at rest, of about the size that the GRID speaker's fits show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from datasets.speech.espeak import Phoneme
from models.audio import FRAME_RATE
from models.audio.channels import MOUTH

BILABIALS = frozenset("pbm")
LABIODENTALS = frozenset("fv")
APEX = 1.5
"""From this opening weight on, a mouth is one that a phoneme reaches however short it is."""


@dataclass(frozen=True)
class Viseme:
    """A mouth, and how strongly a phoneme holds on to the opening and to the rounding of its lips."""

    weights: dict[str, float]
    opening: float = 1.0
    rounding: float = 1.0


def _vowel(jaw: float, pucker: float = 0.0, funnel: float = 0.0, stretch: float = 0.0) -> Viseme:
    weights = {"jawOpen": jaw, "mouthPucker": pucker, "mouthFunnel": funnel, "mouthStretch": stretch}
    return Viseme(
        weights | {"mouthLowerDown": 0.3 * jaw, "mouthUpperUp": 0.15 * jaw},
        opening=APEX,
        rounding=2.0 if pucker else 1.0,
    )


_SPREAD_A, _OPEN_A, _UH, _MID_E = _vowel(0.4), _vowel(0.43), _vowel(0.32), _vowel(0.29, stretch=0.1)
_I, _LONG_I, _SCHWA, _ER = _vowel(0.18, stretch=0.1), _vowel(0.13, stretch=0.2), _vowel(0.18), _vowel(0.2, 0.12)
_U, _LONG_U, _AW, _O = _vowel(0.14, 0.35), _vowel(0.1, 0.5, 0.1), _vowel(0.3, 0.3, 0.15), _vowel(0.34, 0.15)
_REST = Viseme({}, 1.0, 0.5)
_CLOSED = Viseme({"jawOpen": 0.05, "mouthClose": 0.05, "mouthPress": 0.2}, APEX, 0.15)
_NEARLY_CLOSED = Viseme({"jawOpen": 0.05, "mouthClose": 0.03}, APEX, 0.15)
_LIP_TO_TEETH = Viseme({"jawOpen": 0.04, "mouthRollLower": 0.3, "mouthUpperUp": 0.12}, 2.5, 0.15)
_TONGUE_TO_TEETH = Viseme({"jawOpen": 0.12, "mouthLowerDown": 0.15}, 0.7, 0.1)
_ALVEOLAR = Viseme({"jawOpen": 0.08, "mouthLowerDown": 0.08}, 0.5, 0.1)
_SIBILANT = Viseme({"jawOpen": 0.05, "mouthLowerDown": 0.1, "mouthStretch": 0.1}, 1.0, 0.2)
_HUSH = Viseme({"jawOpen": 0.07, "mouthFunnel": 0.15, "mouthPucker": 0.25, "mouthUpperUp": 0.05}, 1.0, 2.0)
_VELAR = Viseme({"jawOpen": 0.12}, 0.4, 0.05)
_R, _W = Viseme({"jawOpen": 0.1, "mouthPucker": 0.2}, 0.8, 1.0), Viseme({"jawOpen": 0.05, "mouthPucker": 0.5}, 1.2, 4.0)
_Y, _BREATH = Viseme({"jawOpen": 0.09, "mouthStretch": 0.12}, 0.8, 0.5), Viseme({"jawOpen": 0.14}, 0.15, 0.02)

# eSpeak's names of phonemes, longest first where one begins another; a diphthong is two mouths.
_TABLE: dict[str, tuple[Viseme, ...]] = {
    "aI": (_OPEN_A, _I), "aU": (_OPEN_A, _U), "eI": (_MID_E, _I), "oU": (_AW, _U), "OI": (_AW, _I),
    "e@": (_MID_E, _SCHWA), "i@": (_I, _SCHWA), "U@": (_U, _SCHWA), "A@": (_OPEN_A, _ER), "O@": (_AW, _ER),
    "o@": (_AW, _ER), "i:": (_LONG_I,), "u:": (_LONG_U,), "A:": (_OPEN_A,), "O:": (_AW,), "3:": (_ER,), "VR": (_ER,),
    "@L": (_SCHWA, _ALVEOLAR), "@2": (_SCHWA,), "@": (_SCHWA,), "3": (_ER,), "a": (_SPREAD_A,), "A": (_OPEN_A,),
    "V": (_UH,), "0": (_O,), "E": (_MID_E,), "e": (_MID_E,), "I": (_I,), "i": (_LONG_I,), "U": (_U,), "u": (_LONG_U,),
    "O": (_AW,), "o": (_AW,), "y": (_LONG_U,), "Y": (_U,), "W": (_AW,), "&": (_MID_E,), "B": (_NEARLY_CLOSED,),
    "tS": (_HUSH,), "dZ": (_HUSH,), "S": (_HUSH,), "Z": (_HUSH,), "p": (_CLOSED,), "b": (_CLOSED,), "m": (_CLOSED,),
    "f": (_LIP_TO_TEETH,), "v": (_LIP_TO_TEETH,), "T": (_TONGUE_TO_TEETH,), "D": (_TONGUE_TO_TEETH,),
    "t": (_ALVEOLAR,), "d": (_ALVEOLAR,), "n": (_ALVEOLAR,), "l": (_ALVEOLAR,), "*": (_ALVEOLAR,),
    "s": (_SIBILANT,), "z": (_SIBILANT,), "k": (_VELAR,), "g": (_VELAR,), "N": (_VELAR,), "x": (_VELAR,),
    "C": (_Y,), ";": (_Y,), "r": (_R,), "w": (_W,), "j": (_Y,), "h": (_BREATH,), "?": (_BREATH,), "_": (_REST,),
}  # fmt: skip
_NAMES = sorted(_TABLE, key=len, reverse=True)

_ROUNDING = np.array([name in ("mouthPucker", "mouthFunnel", "mouthStretch") for name in MOUTH])
_GRID = 100  # steps a second in which motion is made
_REACH = np.where(_ROUNDING, 0.1, 0.03)  # seconds in which a phoneme's weight falls to 1/e
_REST_WEIGHT = 0.12  # of a mouth at rest, everywhere: lips open a tenth of a second before the first sound, not earlier
_CORE = 0.3  # of a phoneme's length on either side of its middle: at full weight
_BURST = 0.055  # seconds of silence in a voiceless stop before what eSpeak calls its start
_CLOSURE, _RAMP = 0.05, 0.03  # seconds that lips stay shut at least, and take to shut
_JAW, _CLOSE, _PRESS = (MOUTH.index(name) for name in ("jawOpen", "mouthClose", "mouthPress"))
_PARTING = [MOUTH.index(name) for name in ("mouthFunnel", "mouthLowerDown", "mouthUpperUp", "mouthShrugUpper")]


def visemes_of(name: str) -> tuple[Viseme, ...]:
    """The mouths of a phoneme under eSpeak's name; an indifferent one for what is unknown."""
    known = next((key for key in _NAMES if name.startswith(key)), "h")
    return _TABLE[known]


def mouth_motion(phonemes: Sequence[Phoneme], frames: int) -> NDArray[np.float32]:
    """Weights [frames, len(MOUTH)] above rest at 25 frames a second of a mouth that speaks `phonemes`."""
    phonemes = with_closures(phonemes)
    time = np.arange(math.ceil(frames * _GRID / FRAME_RATE)) / _GRID
    weighted = np.full((len(time), len(MOUTH)), 0.0)
    total = np.full((len(time), len(MOUTH)), _REST_WEIGHT)
    for phoneme in phonemes:
        mouths = visemes_of(phoneme.name)
        length = (phoneme.end - phoneme.start) / len(mouths)
        for number, viseme in enumerate(mouths):
            middle = phoneme.start + (number + 0.5) * length
            away = np.clip(np.abs(time - middle) - _CORE * length, 0, None)[:, None]
            weight = np.where(_ROUNDING, viseme.rounding, viseme.opening) * np.exp(-away / _REACH)
            weighted += weight * np.array([viseme.weights.get(name, 0.0) for name in MOUTH])
            total += weight
    motion = gaussian_filter1d(weighted / total, 0.012 * _GRID, axis=0)
    motion = _at_teeth(motion, _contact(phonemes, time, LABIODENTALS))
    motion = _closed(motion, _contact(phonemes, time, BILABIALS))
    moments = np.minimum(np.rint(_moments(phonemes, frames) * _GRID).astype(int), len(time) - 1)
    return np.asarray(motion[moments], np.float32)


def with_closures(phonemes: Sequence[Phoneme]) -> list[Phoneme]:
    """The phonemes with voiceless stops beginning where the lips or the tongue close, not at their burst."""
    result = list(phonemes)
    for i in range(1, len(result)):
        before, stop = result[i - 1], result[i]
        if stop.name[:1] in "ptk" and not before.name.startswith("_"):
            border = max(stop.start - _BURST, (before.start + before.end) / 2)
            result[i - 1] = Phoneme(before.name, before.start, border)
            result[i] = Phoneme(stop.name, border, stop.end)
    return result


def _moments(phonemes: Sequence[Phoneme], frames: int) -> NDArray[np.float64]:
    """Seconds that each frame shows: its own, or the middle of the contact or of the mouth that it falls to.

    Otherwise a closure or a vowel that lies between two frames would be seen in neither.
    """
    moments = np.arange(frames) / FRAME_RATE
    contacts = [p for p in phonemes if p.name[:1] in BILABIALS | LABIODENTALS]
    others = [p for p in phonemes if p not in contacts and visemes_of(p.name)[0].opening >= APEX]
    taken = set()
    for phoneme in (*contacts, *others):
        middle = (phoneme.start + phoneme.end) / 2
        frame = round(middle * FRAME_RATE)
        if frame < frames and frame not in taken:
            taken.add(frame)
            moments[frame] = middle
    return moments


def _contact(phonemes: Sequence[Phoneme], time: NDArray[np.float64], initials: frozenset[str]) -> NDArray[np.float64]:
    """How much phonemes with these initials want their contact [T], 0–1."""
    wanted = np.zeros(len(time))
    for phoneme in phonemes:
        if phoneme.name[:1] in initials:
            half = max(phoneme.end - phoneme.start, _CLOSURE) / 2
            away = np.abs(time - (phoneme.start + phoneme.end) / 2) - half
            wanted = np.maximum(wanted, 0.5 + 0.5 * np.cos(np.pi * np.clip(away / _RAMP, 0, 1)))
    return wanted


def _at_teeth(motion: NDArray[np.float64], contact: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lower lip brought to the upper teeth by the fraction `contact`; rounding stays as it is."""
    mouth = np.array([_LIP_TO_TEETH.weights.get(name, 0.0) for name in MOUTH])
    weight = np.where(_ROUNDING, 0.0, contact[:, None])
    return np.asarray(motion + weight * (mouth - motion))


def _closed(motion: NDArray[np.float64], shut: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lips brought together by the fraction `shut`, whatever the jaw does."""
    motion = motion.copy()
    motion[:, _PARTING] *= (1 - shut)[:, None]
    motion[:, _JAW] *= 1 - 0.5 * shut
    motion[:, _CLOSE] = np.maximum(motion[:, _CLOSE] * (1 - shut), shut * motion[:, _JAW])
    motion[:, _PRESS] = np.maximum(motion[:, _PRESS], 0.2 * shut)
    return motion
