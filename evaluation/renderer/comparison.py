"""Several methods' pictures of one target, measured alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from evaluation.renderer.bench import RendererBench
from evaluation.renderer.regions import regions
from evaluation.renderer.scores import region_scores
from models.coefficients import CoefficientSpace, euler_angles

AED, APD = "AED", "APD"
JUDGED_AED, JUDGED_APD = "AED, MediaPipe", "APD, MediaPipe"
PICTURE = "L1 picture"
TARGET = "target"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Comparison:
    """One target and what every method made of it.

    Attributes:
        name: the person's, photo's or clip's.
        values: method -> measure -> value; a measure is missing where it could not be taken.
        features: method, and `TARGET` -> Inception features [N, F]; empty without their weights.
        pictures: caption -> picture, for a look.
    """

    name: str
    values: Mapping[str, Mapping[str, float]]
    features: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    pictures: Mapping[str, Pixels] = field(default_factory=dict)


def compare(bench: RendererBench, name: str, target: Pixels, pictures: Mapping[str, Pixels]) -> Comparison:
    """Measure each method's picture [256, 256, 3] against the target.

    Regions are where the extractor's landmarks of the target put them. AED and APD, as in the paper (section 4.1), by
    reading the picture and the target again in the same square: mean |Δ expression weight| over 53, mean |Δ| of yaw,
    pitch, roll (radians), x, y (fractions of the crop) and log zoom. MediaPipe's: mean |Δ blendshape score| over the
    same names, mean |Δ| of its yaw, pitch and roll (radians).
    """
    seen = bench.see(np.stack([target, *pictures.values()]))
    masks = regions(seen.landmarks[0], len(target))
    judged = None if bench.judge is None else bench.judge.read(target)
    values, features = {}, {TARGET: bench.perceptual.features(target)}
    for row, (method, picture) in enumerate(pictures.items(), 1):
        values[method] = region_scores(picture, target, masks)
        values[method][PICTURE] = float(np.abs(picture.astype(np.float64) - target).mean())
        values[method] |= distances(bench.space, seen.coefficients[row], seen.coefficients[0])
        if bench.judge is not None and judged is not None and (reading := bench.judge.read(picture)) is not None:
            values[method] |= judged_distances(reading, judged)
        if (lpips := bench.perceptual.distance(picture, target)) is not None:
            values[method]["LPIPS"] = lpips
        features[method] = bench.perceptual.features(picture)
    known = {method: vector[None] for method, vector in features.items() if vector is not None}
    return Comparison(name, values, known, {TARGET: target, **pictures})


def distances(space: CoefficientSpace, one: NDArray[np.float32], other: NDArray[np.float32]) -> dict[str, float]:
    """AED and APD of two readings [C] of the extractor."""
    error, count = np.abs(one - other), len(space.expression)
    return {AED: float(error[:count].mean()), APD: float(error[count:].mean())}


def judged_distances(one: FaceReading, other: FaceReading) -> dict[str, float]:
    """AED and APD of two readings of MediaPipe."""
    turns = np.abs(np.subtract(euler_angles(one.rotation), euler_angles(other.rotation)))
    return {JUDGED_AED: float(np.abs(one.scores - other.scores).mean()), JUDGED_APD: float(turns.mean())}


def averaged(name: str, frames: Sequence[Comparison]) -> Comparison:
    """The comparisons of a clip's frames as one: means of their values, all features, the middle frame's pictures."""
    values: dict[str, dict[str, float]] = {}
    for method in frames[0].values:
        measures = dict.fromkeys(measure for frame in frames for measure in frame.values[method])
        values[method] = {
            measure: float(
                np.mean([frame.values[method][measure] for frame in frames if measure in frame.values[method]])
            )
            for measure in measures
        }
    features = {key: np.concatenate([frame.features[key] for frame in frames]) for key in frames[0].features}
    return Comparison(name, values, features, frames[len(frames) // 2].pictures)
