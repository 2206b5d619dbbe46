"""Speech against the real motion of recordings that no training saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import welch
from scipy.spatial.transform import Rotation

from datasets.speech.change import head_change, mouth_at_rest, mouth_change
from datasets.speech.items import Item
from datasets.speech.likelihood import watch
from datasets.speech.recordings import RecordedClip
from evaluation.audio.lips import Agreement, LipGap
from models.audio import FRAME_RATE, SpeechMotion
from models.audio.features import LogMel, padded
from models.coefficients import ARKIT, rotation_matrix

Motion = NDArray[np.float32]

BANDS = ((0.0, 2.0), (2.0, 5.0), (5.0, 12.5))
"""Hz: posture and phrases, syllables, phonemes and jitter."""

_COUNT = len(ARKIT.expression)


def likelihood(speech: SpeechMotion, test: Sequence[RecordedClip], train: Sequence[RecordedClip]) -> dict[str, float]:
    """Negative log-likelihood of the recordings' motion, nats a number, of mouth and of head; the speaker's rest is the
    training clips'. Heads were learnt livelier than this speaker's."""
    rest, mel = mouth_at_rest(train), LogMel()
    items = []
    for r in test:
        features = mel(padded(torch.from_numpy(r.sound)[None]))[0].numpy()
        items.append(Item(features, np.concatenate([mouth_change(r, rest), head_change(r)], -1)))
    figures = watch(speech.network, items)
    return {name: figures[name] for name in ("mouth", "head")}


def spoken(speech: SpeechMotion, recording: RecordedClip, seed: int, temperature: float) -> Motion:
    """The motion [T, 59] that a recording's sound is given."""
    return np.concatenate(list(speech.sample([recording.sound], seed=seed, temperature=temperature)))


def strangers(
    speech: SpeechMotion, gap: LipGap, speakers: Mapping[str, Sequence[RecordedClip]], temperature: float
) -> dict[str, Stranger]:
    """How lips follow those of speakers of whom there are a few clips each."""
    results = {}
    for name, clips in speakers.items():
        motions = [spoken(speech, clip, seed, temperature) for seed, clip in enumerate(clips)]
        made, real = (
            1 - summarised(*spectra(gap, tracks)["lips"]).fractions[0]
            for tracks in (motions, [c.motion for c in clips])
        )
        results[name] = Stranger(len(clips), agreement(gap, clips, motions), made, real)
    return results


def agreement(gap: LipGap, test: Sequence[RecordedClip], motions: Sequence[Motion]) -> Agreement:
    """Of real and predicted lip gaps."""
    return Agreement.of((gap(r.motion), gap(motion)) for r, motion in zip(test, motions, strict=True))


@dataclass(frozen=True)
class Stranger:
    """Lips of a speaker who is not the one that most is learnt from.

    Attributes:
        quick, real_quick: fraction of the lips' power at 2 Hz and above, predicted and real.
    """

    clips: int
    agreement: Agreement
    quick: float
    real_quick: float


@dataclass(frozen=True)
class Spectrum:
    """Power of a signal: its standard deviation and the fractions of `BANDS`."""

    deviation: float
    fractions: tuple[float, ...]


def spectra(gap: LipGap, motions: Sequence[Motion]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Frequencies and mean power density of the lips (% of the face's height) and of the head (degrees)."""
    signals = {"lips": [gap(m) for m in motions]}
    signals |= {
        name: [np.degrees(m[:, _COUNT + i].astype(np.float64)) for m in motions]
        for i, name in enumerate(("yaw", "pitch", "roll"))
    }
    result = {}
    for name, tracks in signals.items():
        length = min(64, *(len(track) for track in tracks))
        pairs = [welch(track, FRAME_RATE, nperseg=length) for track in tracks]
        result[name] = pairs[0][0], np.mean([power for _, power in pairs], 0)
    return result


def summarised(frequency: NDArray[np.float64], power: NDArray[np.float64]) -> Spectrum:
    """The deviation and the bands of a power density."""
    total = float(power.sum())
    fractions = [float(power[(frequency >= low) & (frequency < high)].sum() / total) for low, high in BANDS]
    return Spectrum(float(np.sqrt(total * (frequency[1] - frequency[0]))), tuple(fractions))


@dataclass(frozen=True)
class Diversity:
    """What differs and what agrees between seeds: means over pairs, frames and clips.

    Attributes:
        degrees: angle between head poses. lips: correlation of lip gaps.
    """

    degrees: float
    lips: float


def diversity(gap: LipGap, motions: Sequence[Sequence[Motion]]) -> Diversity:
    """Of several motions for each sound."""
    degrees, lips = [], []
    for several in motions:
        turns = [Rotation.from_matrix(rotation_matrix(*m[:, _COUNT : _COUNT + 3].T)) for m in several]
        for i in range(len(several)):
            for j in range(i):
                degrees.append(np.degrees((turns[i] * turns[j].inv()).magnitude()).mean())
                lips.append(np.corrcoef(gap(several[i]), gap(several[j]))[0, 1])
    return Diversity(float(np.mean(degrees)), float(np.mean(lips)))
