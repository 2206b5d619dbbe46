"""Coefficients of a recorded speaker to what a flow learns: the change from his own face at rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

from datasets.speech.recordings import RecordedClip
from models.audio.channels import BROWS, HEAD, MOUTH, gather
from models.coefficients import euler_angles, rotation_matrix

_BROWS, _ROTATION, _PLACE = slice(0, len(BROWS)), slice(len(BROWS), len(BROWS) + 3), slice(len(BROWS) + 3, len(HEAD))
_SWAY = np.array([0.0, 0.0, 0.0, *np.radians([2.0, 1.3, 1.0]), 0.006, 0.004, 0.008])  # of HEAD, standard deviations


def mouth_at_rest(recordings: Iterable[RecordedClip]) -> NDArray[np.float32]:
    """The speaker's mouth [len(MOUTH)] where nobody speaks: the median over all such frames."""
    return np.median(np.concatenate([gather(r.motion[r.silent()], MOUTH) for r in recordings]), 0).astype(np.float32)


def mouth_change(recording: RecordedClip, rest: NDArray[np.float32]) -> NDArray[np.float32]:
    """[T, len(MOUTH)]: above the speaker's rest."""
    return gather(recording.motion, MOUTH) - rest


def head_change(recording: RecordedClip) -> NDArray[np.float32]:
    """[T, len(HEAD)]: brows against the clip's median, the turn from the clip's mean pose, places against their means;
    smoothed over a quarter of a second, since heads are slower than a fit's jitter."""
    head = gather(recording.motion, HEAD).astype(np.float64)
    head[:, _BROWS] -= np.median(head[:, _BROWS], 0)
    turns = Rotation.from_matrix(rotation_matrix(*head[:, _ROTATION].T))
    head[:, _ROTATION] = np.stack(euler_angles((turns * turns.mean().inv()).as_matrix()), -1)
    head[:, _PLACE] -= head[:, _PLACE].mean(0)
    return savgol_filter(head, 7, 2, axis=0).astype(np.float32)


def sway(rng: np.random.Generator, frames: int) -> NDArray[np.float32]:
    """A smooth random motion [frames, len(HEAD)] of the head: half of it slow, a posture, half within a second."""
    parts = [gaussian_filter1d(rng.standard_normal((frames + 400, len(HEAD))), width, axis=0) for width in (10, 50)]
    moved = sum(part[200:-200] / part.std(0) for part in parts) / np.sqrt(2)
    return (moved * _SWAY).astype(np.float32)


def retimed(motion: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    """A motion [T, D] at other frame numbers [S], linear between frames, constant beyond the ends."""
    frames = np.arange(len(motion))
    return np.stack([np.interp(at, frames, channel) for channel in motion.T], -1).astype(np.float32)


def crossfaded(pieces: Sequence[NDArray[np.float32]], overlap: int) -> NDArray[np.float32]:
    """Pieces [T, …] joined, each fading into the next over `overlap` rows."""
    whole = pieces[0]
    for piece in pieces[1:]:
        weight = np.linspace(0, 1, overlap, dtype=np.float32).reshape(-1, *[1] * (piece.ndim - 1))
        blend = whole[-overlap:] * (1 - weight) + piece[:overlap] * weight
        whole = np.concatenate([whole[:-overlap], blend, piece[overlap:]])
    return whole
