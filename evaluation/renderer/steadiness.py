"""A still driven by the tremor of its own reading, and a motion that stands still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.extractor_clips import still_readings
from evaluation.photos import Photo
from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.edit import Edit
from evaluation.renderer.regions import regions
from models.errors import NoFaceError

EQUAL_FRAMES = 9
"""Not a whole number of batches."""
_EDIT = Edit({"jawOpen": 0.3}, {"yaw": 8})


@dataclass(frozen=True)
class Steadiness:
    """One still.

    Attributes:
        name: the still's.
        repeated: largest difference, in levels of 255, between frames of equal descriptors; 0 is expected.
        tremor: standard deviation of the weights that are read from the still as a noisy compressed video; their mean.
        shimmer: region -> mean |I(t+1) − I(t)| of the frames that this tremor drives, levels of 255.
    """

    name: str
    repeated: int
    tremor: float
    shimmer: Mapping[str, float]


def evaluate_steadiness(bench: RendererBench, stills: Iterable[Photo]) -> tuple[list[Steadiness], dict[str, str]]:
    """Measure stills (of the data, or first frames of clips). Also why some could not be: name -> why."""
    found, unmeasured = [], {}
    for still in stills:
        name = f"still {still.number}"
        try:
            square = bench.square(still.picture)
            readings = still_readings(bench.extractor, still.picture)
        except NoFaceError as error:
            unmeasured[name] = str(error)
            continue
        crop = cut(square, still.picture)
        seen = bench.see(crop[None])
        own = seen.coefficients[0]
        # What is read of the still is relative to the tracker's own square: only its tremor counts.
        frames = bench.render(crop, own, (own + readings - readings.mean(0)).astype(np.float32))
        masks = regions(seen.landmarks[0], len(crop))
        requested = _EDIT.apply(bench.space, own)
        equal = bench.render(crop, own, np.repeat(requested[None], EQUAL_FRAMES, 0))
        tremor = float(readings[:, : len(bench.space.expression)].std(0).mean())
        shimmer = {region: step(frames, mask) for region, mask in masks.items()}
        found.append(Steadiness(name, largest_difference(equal), tremor, shimmer))
    return found, unmeasured


def step(frames: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Mean |I(t+1) − I(t)| of frames [T, S, S, 3] in a mask [S, S], levels of 255."""
    return float(np.abs(np.diff(frames[:, mask].astype(np.int16), axis=0)).mean())


def largest_difference(frames: NDArray[np.uint8]) -> int:
    """Of any frame [T, ...] from the first, levels of 255."""
    return int(np.abs(frames.astype(np.int16) - frames[0]).max())
