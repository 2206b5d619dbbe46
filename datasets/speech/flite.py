"""Natural voices that know their phonemes: Flite's (CMU, a BSD-like licence; Debian's flite); training only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from datasets.speech.espeak import Phoneme, Utterance
from models.audio import SAMPLE_RATE
from models.errors import TrainingDataError

VOICES = ("awb", "rms", "slt", "kal16")
"""Three are made from the recordings of real people (CMU Arctic), the last one of pieces of a fourth."""

# Flite's names of English phonemes, and eSpeak NG's.
_NAMES = {
    "aa": "A:", "ae": "a", "ah": "V", "ao": "O:", "aw": "aU", "ax": "@", "ay": "aI", "eh": "E", "er": "3:", "ey": "eI",
    "ih": "I", "iy": "i:", "ow": "oU", "oy": "OI", "uh": "U", "uw": "u:", "ch": "tS", "jh": "dZ", "sh": "S", "zh": "Z",
    "th": "T", "dh": "D", "ng": "N", "hh": "h", "y": "j", "pau": "_:",
}  # fmt: skip


class Flite:
    """The synthesiser. Raises TrainingDataError where the program is missing."""

    def __init__(self) -> None:
        program = shutil.which("flite")
        if program is None:
            raise TrainingDataError("Flite is missing: apt-get install flite")
        self._program = program

    def speak(self, text: str, voice: str, *, stretch: float = 1) -> Utterance:
        """Speak `text` with a voice of `VOICES`, so many times as long as it does by itself.

        Raises TrainingDataError for a voice or a text that it does not speak.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            command = [self._program, "-voice", voice, "--setf", f"duration_stretch={stretch}", "-psdur"]
            done = subprocess.run([*command, "-t", text, "-o", str(path)], capture_output=True, text=True, check=False)
            if done.returncode or not path.is_file() or voice not in VOICES:
                raise TrainingDataError(f"Flite does not speak with {voice}: use {', '.join(VOICES)} ({done.stderr!r})")
            rate, samples = wavfile.read(path)
        if rate != SAMPLE_RATE:
            raise TrainingDataError(f"Flite's voice {voice} has {rate} samples a second, not {SAMPLE_RATE}")
        return Utterance(samples.astype(np.float32) / 32768, _phonemes(done.stdout))


def _phonemes(printed: str) -> tuple[Phoneme, ...]:
    """Of "name:end name:end …"."""
    result: list[Phoneme] = []
    for word in printed.split():
        name, _, end = word.partition(":")
        result.append(Phoneme(_NAMES.get(name, name), result[-1].end if result else 0.0, float(end)))
    return tuple(result)
