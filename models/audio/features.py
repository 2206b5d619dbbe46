"""Sound to log-mel features, in blocks of one second whose values depend on nothing but the samples around them.

Frame i of a motion (25 a second) goes with the samples 640·i … 640·i + 639 and with four mel hops of 10 ms. Every block
is computed from a window of samples of one fixed size, so that features are the same bit for bit however the sound was
cut into chunks, and memory does not grow with its length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SAMPLE_RATE = 16_000
FRAME_RATE = 25
HOPS_PER_FRAME = 4
HOP = SAMPLE_RATE // (FRAME_RATE * HOPS_PER_FRAME)
FRAME = HOP * HOPS_PER_FRAME
"""Samples a frame of motion."""

BANDS = 40
BLOCK = 25
"""Frames that are computed together."""

_WINDOW, _FFT = 400, 512  # 25 ms
_EDGE = (_WINDOW - HOP) // 2  # samples that a hop's window reaches beyond the hop, on either side
_LOW, _HIGH = 60.0, 7600.0
_FLOOR = 1e-8  # power of what counts as silence

SILENCE = (math.log(_FLOOR) + 9) / 4
"""The feature of no sound at all."""


def mel_filters(warp: float = 1.0) -> NDArray[np.float32]:
    """Triangular filters [BANDS, FFT / 2 + 1] on the mel scale of O'Shaughnessy, peaks of 1.

    Args:
        warp: factor on every frequency that a filter looks at; the spectrum seems scaled by its inverse, as another
            vocal tract's would be (vocal tract length perturbation).
    """
    edges = 700 * np.expm1(np.linspace(np.log1p(_LOW / 700), np.log1p(_HIGH / 700), BANDS + 2)) * warp
    frequency = np.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequency - left) / (centre - left), (right - frequency) / (right - centre)
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


class LogMel(nn.Module):
    """Samples [N, EDGE + hops·HOP + EDGE] in [-1, 1] to log-mel features [N, hops, BANDS], about ±3."""

    filters: Tensor
    taper: Tensor

    def __init__(self, warp: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("filters", torch.from_numpy(mel_filters(warp)), persistent=False)
        self.register_buffer("taper", torch.hann_window(_WINDOW, periodic=False), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        pieces = samples.unfold(-1, _WINDOW, HOP) * self.taper
        power = torch.fft.rfft(pieces, _FFT).abs().square() / _WINDOW
        bands = power @ self.filters.T
        return (torch.log(bands + _FLOOR) + 9) / 4


def padded(samples: Tensor) -> Tensor:
    """A whole sound [N, samples] with what `LogMel` needs around it, filled up to a whole frame with silence."""
    frames = math.ceil(samples.shape[-1] / FRAME)
    return nn.functional.pad(samples, (_EDGE, frames * FRAME - samples.shape[-1] + _EDGE))


def sample_windows(
    sound: Iterable[NDArray[np.float32]], before: int, after: int
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """A sound's blocks with their surroundings.

    Args:
        sound: mono samples at 16 kHz, chunks of any length.
        before, after: frames of context that a block is given on either side.

    Yields:
        Samples [(before + BLOCK + after)·FRAME + 2·EDGE] (silence beyond the ends of the sound), and how many of the
        block's frames the sound has.
    """
    size, step = (before + BLOCK + after) * FRAME + 2 * _EDGE, BLOCK * FRAME
    lead = before * FRAME + _EDGE
    held = np.zeros(lead, np.float32)
    total = 0
    done = 0
    for chunk in sound:
        held = np.concatenate([held, np.asarray(chunk, np.float32)])
        total += len(chunk)
        while len(held) >= size:
            yield held[:size], BLOCK
            held = held[step:]
            done += BLOCK
    frames = math.ceil(total / FRAME)
    held = np.concatenate([held, np.zeros(size + step, np.float32)])
    while done < frames:
        yield held[:size], min(BLOCK, frames - done)
        held = np.concatenate([held[step:], np.zeros(step, np.float32)])
        done += BLOCK
