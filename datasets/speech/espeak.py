"""Synthetic speech that knows its phonemes, by eSpeak NG's library (GPL-3, Debian's libespeak-ng1); training only."""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from models.audio import SAMPLE_RATE
from models.errors import TrainingDataError

ACCENTS = ("en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan")
LANGUAGES = ("pt", "pt-br", "pl", "ro", "cs", "nl", "sv", "fi", "hu", "tr", "hr", "id", "ca", "el", "sw", "lv")
"""Whose sounds are learnt, too; none of those that speech is measured in."""

VARIANTS = ("", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+klatt", "+klatt2")

_SYNCHRONOUS, _PHONEME_EVENTS, _NO_EXIT = 2, 0x0001, 0x8000
_ENDED, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_CHARACTERS_UTF8 = 1


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phoneme:
    """A sound of speech under eSpeak's name for it (`m`, `aI`, `u:`; `_:` is a pause), seconds from the beginning."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Utterance:
    """Samples at 16 kHz, float32 in [-1, 1], and the phonemes that are spoken in them."""

    sound: NDArray[np.float32]
    phonemes: tuple[Phoneme, ...]


class Espeak:
    """The synthesiser; one a process, since the library holds one state.

    Raises TrainingDataError where the library is missing.
    """

    def __init__(self) -> None:
        name = ctypes.util.find_library("espeak-ng")
        if name is None:
            raise TrainingDataError("eSpeak NG is missing: apt-get install espeak-ng (libespeak-ng1)")
        self._library = ctypes.CDLL(name)
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS | _NO_EXIT)
        if self._rate <= 0:
            raise TrainingDataError("eSpeak NG finds no voices: apt-get install espeak-ng-data")
        self._pieces: list[NDArray[np.int16]] = []
        self._phoneme_starts: list[tuple[str, int]] = []
        self._callback = _Callback(self._receive)  # kept: the library holds no reference of its own
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, *, words_a_minute: int, pitch: int, pitch_range: int) -> Utterance:
        """Speak `text` with a voice such as "en-us+f2"; pitch and its range lie in 0–100.

        Raises TrainingDataError for a voice that is not installed.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise TrainingDataError(f"eSpeak NG has no voice {voice}; install espeak-ng-data")
        for parameter, value in ((_RATE, words_a_minute), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces, self._phoneme_starts = [], []
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARACTERS_UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.asarray(np.concatenate([*self._pieces, np.zeros(1, np.int16)]) / 32768, np.float32)
        return Utterance(_at_16k(samples, self._rate), self._phonemes(len(samples)))

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _ENDED:
            if events[index].type == _PHONEME:
                self._phoneme_starts.append((events[index].name.decode(errors="replace"), events[index].sample))
            index += 1
        return 0

    def _phonemes(self, samples: int) -> tuple[Phoneme, ...]:
        ends = [start for _, start in self._phoneme_starts[1:]] + [samples]
        return tuple(
            Phoneme(name, start / self._rate, end / self._rate)
            for (name, start), end in zip(self._phoneme_starts, ends, strict=True)
        )


def _at_16k(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    divisor = int(np.gcd(SAMPLE_RATE, rate))
    return np.asarray(resample_poly(samples, SAMPLE_RATE // divisor, rate // divisor), np.float32)
