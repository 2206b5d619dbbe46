"""What a sound tells a face besides its words: where somebody speaks, where a word is stressed, where a pause begins.

No network: loudness, and how periodic the voice is. It works on the windows that the flows hear (`features`), so it is
the same however the sound was cut, and looks ahead no farther than they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from models.audio.features import BLOCK, FRAME, FRAME_RATE, SAMPLE_RATE

AHEAD = 3
"""Frames by which a stress is known before it sounds: a nod begins before the word does."""

_LONGEST, _SHORTEST = SAMPLE_RATE // 70, SAMPLE_RATE // 400  # samples of a voice's period
_PERIODIC = 0.45  # correlation of a frame with itself a period later, from which it is voiced; noise has 0.15
_SILENCE_DB = -50.0  # dB of full scale: below, nobody speaks
_BELOW_PEAK = 25.0  # dB by which a voiced frame may be weaker than the loudest of late
_ABOVE_FLOOR = 15.0  # dB by which an unvoiced frame, as of a whisper, is louder than what always sounds
_MEMORY = 4 * FRAME_RATE  # frames of late
_BEFORE, _AFTER = 4, 6  # frames that belong to speech before and after the first and last that are heard as such
_RAMP = 2  # frames in which lips are let go, or caught
_SPACING = 20  # frames between stresses
_NEIGHBOURS = 4  # frames on either side that a stress is louder than


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Of a block of frames [BLOCK].

    Attributes:
        speech: 0 where nobody speaks, 1 where somebody does; float32.
        stress: how strongly the word is stressed that sounds `AHEAD` frames later, 0–1; 0 for nearly all; float32.
        pause: whether speech has just ended.
    """

    speech: NDArray[np.float32]
    stress: NDArray[np.float32]
    pause: NDArray[np.bool_]


class RhythmTracker:
    """Hears a sound block by block."""

    def __init__(self) -> None:
        self._loudness = np.zeros(0)  # of the frames before the block
        self._active = np.zeros(_BEFORE + _AFTER + _RAMP, bool)  # likewise
        self._last_speech = 0.0
        self._since_stress = _SPACING

    def hear(self, samples: NDArray[np.float32], before: int) -> Rhythm:
        """The rhythm of the block in a window of `features.sample_windows`.

        Args:
            before: frames of the window before the block; after it there are at least 10.
        """
        edge = (len(samples) % FRAME) // 2
        frames = samples[edge + before * FRAME : len(samples) - edge].reshape(-1, FRAME)
        loudness = 10 * np.log10(np.square(frames).mean(1) + 1e-10)
        active = self._spoken(frames, loudness)
        speech = self._gate(active)
        stress = self._stresses(loudness, active)
        ended = np.concatenate([[self._last_speech], speech])
        pause = (ended[:-1] > 0.5) & (ended[1:] <= 0.5)
        self._loudness = np.concatenate([self._loudness, loudness[:BLOCK]])[-_MEMORY:]
        self._active = np.concatenate([self._active, active[:BLOCK]])[-len(self._active) :]
        self._last_speech = float(speech[-1])
        return Rhythm(speech, stress, pause)

    def _spoken(self, frames: NDArray[np.float32], loudness: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which frames, of the block and after it, sound like a voice."""
        late = np.concatenate([self._loudness, loudness])
        loud = loudness > max(_SILENCE_DB, late.max() - _BELOW_PEAK)
        whispered = loudness > np.percentile(late, 10) + _ABOVE_FLOOR
        return (loudness > _SILENCE_DB) & ((loud & (periodicity(frames) > _PERIODIC)) | whispered)

    def _gate(self, active: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Speech [BLOCK], with a ramp to either side of what is heard as such."""
        known = np.concatenate([self._active, active]).astype(np.float64)
        wide = maximum_filter1d(known, _BEFORE + _AFTER + 1, origin=(_AFTER - _BEFORE) // 2)
        ramped = uniform_filter1d(wide, 2 * _RAMP + 1)
        return np.asarray(ramped[len(self._active) :][:BLOCK], np.float32)

    def _stresses(self, loudness: NDArray[np.float64], active: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Stresses [BLOCK], each `AHEAD` frames early."""
        result = np.zeros(BLOCK, np.float32)
        late = np.concatenate([self._loudness[-_MEMORY:], loudness])
        spoken = late[late > late.max() - _BELOW_PEAK]
        usual, spread = spoken.mean(), max(spoken.std(), 1.0)
        past = min(len(self._loudness), _NEIGHBOURS)
        around = np.concatenate([self._loudness[len(self._loudness) - past :], loudness])
        highest = maximum_filter1d(around, 2 * _NEIGHBOURS + 1)[past:]
        for frame in range(BLOCK):
            self._since_stress += 1
            at = frame + AHEAD
            if self._since_stress >= _SPACING and active[at] and loudness[at] >= highest[at]:
                strength = (loudness[at] - usual) / spread - 0.3
                if strength > 0:
                    result[frame] = min(strength, 1.0)
                    self._since_stress = 0
        return result


def periodicity(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """How well each frame [N, samples] goes with itself one period of a voice later: 0 for noise, 1 for a tone."""
    centred = frames - frames.mean(1, keepdims=True)
    size = 2 * frames.shape[1]
    spectrum = np.fft.rfft(centred, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, size)[:, : _LONGEST + 1]
    overlap = 1 - np.arange(_LONGEST + 1) / frames.shape[1]  # of a frame with itself moved so far
    energy = np.maximum(correlation[:, :1], 1e-9)
    return np.asarray((correlation / overlap / energy)[:, _SHORTEST:].max(1))
