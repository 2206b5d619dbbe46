"""One voice made into many, and one room into any: what may happen to a sound without a change of the lips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from datasets.speech.codecs import CODECS, through_codec
from models.audio import SAMPLE_RATE

Sound = NDArray[np.float32]

SPEED = (0.85, 1.2)
"""Bounds of a playing speed: pitch, formants and time change together, and the motion with them."""

WARP = (0.8, 1.25)
"""Bounds of the filters' warp: formants alone. Drawn against the speed, it leaves a change of pitch alone."""


def at_speed(sound: Sound, speed: float) -> tuple[Sound, float]:
    """The sound played faster, and the speed that it then really has (hundredths)."""
    step = round(100 * speed)
    return np.asarray(resample_poly(sound, 100, step), np.float32), step / 100


def coloured_noise(rng: np.random.Generator, samples: int, slope: float) -> Sound:
    """Noise whose power falls with frequency as f^-slope (0 white, 1 pink, 2 brown), of root mean square 1."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 20)
    noise = np.fft.irfft(spectrum * frequency ** (-slope / 2), samples)
    return np.asarray(noise / (noise.std() + 1e-9), np.float32)


def in_room(rng: np.random.Generator, sound: Sound) -> Sound:
    """With the reverberation of a random room: noise that fades by 60 dB in 0.15–0.7 s, behind the direct sound."""
    fade = rng.uniform(0.15, 0.7)
    time = np.arange(int(fade * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / fade)
    tail[: int(0.003 * SAMPLE_RATE)] = 0
    tail *= 10 ** (rng.uniform(-12, 0) / 20) / (np.linalg.norm(tail) + 1e-9)
    tail[0] = 1
    return np.asarray(fftconvolve(sound, tail)[: len(sound)], np.float32)


def on_telephone(rng: np.random.Generator, sound: Sound) -> Sound:
    """Only the band of a telephone, 300–3400 Hz, more or less."""
    band = (rng.uniform(200, 400), rng.uniform(3000, 3900))
    return np.asarray(sosfilt(butter(4, band, "bandpass", fs=SAMPLE_RATE, output="sos"), sound), np.float32)


def at_level(sound: Sound, decibels: float) -> Sound:
    """The sound with its loud parts (95th percentile of 20 ms blocks) at so many decibels below full scale, clipped."""
    blocks = sound[: len(sound) // 320 * 320].reshape(-1, 320).astype(np.float64)
    loud = np.sqrt(np.percentile((blocks**2).mean(1), 95)) if len(blocks) else 0.0
    return np.clip(sound * (10 ** (-decibels / 20) / (loud + 1e-6)), -1, 1).astype(np.float32)


def disturbed(rng: np.random.Generator, sound: Sound, other: Sound) -> Sound:
    """The sound as some microphone somewhere may have heard it: room, noise or another voice, telephone, level,
    codec.

    Args:
        other: another voice, of any length, that may talk in the background.
    """
    if rng.random() < 0.35:
        sound = in_room(rng, sound)
    loudness = float(np.sqrt((sound**2).mean()))
    if rng.random() < 0.5:
        slope = rng.choice([0, 1, 1, 2])
        sound = sound + coloured_noise(rng, len(sound), slope) * loudness * 10 ** (-rng.uniform(5, 35) / 20)
    if rng.random() < 0.1:
        behind = np.resize(other, len(sound))
        gain = loudness / (np.sqrt((behind**2).mean()) + 1e-6)
        sound = sound + behind * gain * 10 ** (-rng.uniform(10, 25) / 20)
    if rng.random() < 0.12:
        sound = on_telephone(rng, sound)
    sound = at_level(sound, rng.uniform(6, 30))
    if rng.random() < 0.25:
        codec = str(rng.choice(list(CODECS)))
        sound = np.clip(through_codec(sound, codec, int(rng.integers(*CODECS[codec][1]))), -1, 1)
    return sound


NON_SPEECH = {"silence": 0.25, "noise": 0.3, "hum": 0.1, "chords": 0.2, "beats": 0.15}
"""What is no speech, and how often each is drawn."""


def non_speech(rng: np.random.Generator, samples: int, kind: str | None = None) -> Sound:
    """A sound that lips stay closed to, of a kind of `NON_SPEECH` or of any."""
    kind = kind or str(rng.choice(list(NON_SPEECH), p=list(NON_SPEECH.values())))
    if kind == "silence":
        return (rng.standard_normal(samples) * rng.choice([0, 0, 1e-5, 1e-4])).astype(np.float32)
    if kind == "noise":
        return at_level(coloured_noise(rng, samples, rng.uniform(0, 2)), rng.uniform(10, 60))
    if kind == "hum":
        mains = _tones(samples, rng.choice([50, 60]) * np.arange(1, 6), 1 / np.arange(1, 6))
        return at_level(mains + 0.05 * coloured_noise(rng, samples, 1), rng.uniform(20, 60))
    length = int(rng.uniform(0.25, 0.8) * SAMPLE_RATE)
    pieces = [_note(rng, length, beat=kind == "beats") for _ in range(samples // length + 1)]
    return at_level(np.concatenate(pieces)[:samples], rng.uniform(6, 40))


def _note(rng: np.random.Generator, samples: int, *, beat: bool) -> Sound:
    fade = np.exp(-np.arange(samples) / SAMPLE_RATE * rng.uniform(1, 25 if beat else 5)).astype(np.float32)
    if beat:
        return coloured_noise(rng, samples, rng.uniform(0, 2)) * fade
    roots = 55 * 2 ** (rng.integers(0, 48, rng.integers(1, 4)) / 12)
    partials = np.outer(roots, np.arange(1, 7)).ravel()
    strength = np.tile(1 / np.arange(1, 7) ** rng.uniform(0.7, 2), len(roots))
    return _tones(samples, partials[partials < 7500], strength[partials < 7500]) * fade


def _tones(samples: int, frequencies: NDArray[np.float64], strengths: NDArray[np.float64]) -> Sound:
    phase = 2 * np.pi * np.outer(frequencies, np.arange(samples) / SAMPLE_RATE)
    return np.asarray(strengths @ np.sin(phase), np.float32)
