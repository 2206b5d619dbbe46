"""What must not move the lips, how often lids close, and how fast a motion is made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.speech.augment import at_level, coloured_noise, non_speech
from evaluation.audio.lips import LipGap
from models.audio import FRAME_RATE, SAMPLE_RATE, SpeechMotion
from models.coefficients import ARKIT

_LIDS = [ARKIT.index[name] for name in ("eyeBlinkLeft", "eyeBlinkRight")]
_SHUT = 0.4  # a lid closed by more has blinked
_SECONDS = 10


@dataclass(frozen=True)
class LipUnrest:
    """Lip gap above rest to a sound without speech, per cent of the face's height: mean and 95th percentile of its
    size, and how far it wanders (standard deviation)."""

    mean: float
    most: float
    deviation: float


def sounds() -> dict[str, NDArray[np.float32]]:
    """Ten seconds each of digital silence, faint room noise, loud noise, and music-like chords and beats."""
    count = _SECONDS * SAMPLE_RATE
    rng = np.random.default_rng(2024)
    noise = coloured_noise(rng, count, 1)
    return {
        "silence": np.zeros(count, np.float32),
        "faint noise": at_level(noise, 60),
        "loud noise": at_level(noise, 12),
        "chords": non_speech(rng, count, "chords"),
        "beats": non_speech(rng, count, "beats"),
    }


def lip_unrest(speech: SpeechMotion, gap: LipGap, sound: NDArray[np.float32], temperature: float) -> LipUnrest:
    """Of the motion that a sound is given, its first second left out."""
    motion = np.concatenate(list(speech.sample([sound], seed=0, temperature=temperature)))
    track = gap(motion)[FRAME_RATE:]
    return LipUnrest(float(np.abs(track).mean()), float(np.percentile(np.abs(track), 95)), float(track.std()))


def blinks_a_minute(motions: Iterable[NDArray[np.float32]]) -> float:
    """Closures of the lids in motions [T, 59] at 25 frames a second."""
    blinks = frames = 0
    for motion in motions:
        shut = motion[:, _LIDS].mean(1) > _SHUT
        blinks += int((shut[1:] & ~shut[:-1]).sum())
        frames += len(motion)
    return blinks / (frames / FRAME_RATE / 60)


def times_real_time(speech: SpeechMotion, sound: NDArray[np.float32]) -> float:
    """Seconds of sound that are given a motion in a second."""
    next(iter(speech.sample([sound], seed=0)))  # the libraries' first call is slower
    began = time.perf_counter()
    frames = sum(len(chunk) for chunk in speech.sample([sound], seed=0))
    return frames / FRAME_RATE / (time.perf_counter() - began)


def long_sound(pieces: Sequence[NDArray[np.float32]], seconds: float) -> NDArray[np.float32]:
    """Pieces one after the other, again and again."""
    return np.resize(np.concatenate(pieces), round(seconds * SAMPLE_RATE))
