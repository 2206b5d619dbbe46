"""The extractor on held-out pictures: faces found, landmarks, pose and expression against its teachers' readings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos
from datasets.portraits import Portraits
from evaluation.measures import turn
from models.coefficients import ARKIT, rotation_matrix
from models.errors import EvaluationError
from models.extractor import CROP, Extraction, Extractor, Face, square_crop
from models.extractor.distinct import overlap

OVERLAP = 0.5
"""Least intersection over union of a found box with the true one."""

FACE_FREE, FACE_FREE_SIDE = 200, 480
"""How many pictures without faces are searched, and the side of those that are windows of larger ones."""

VARYING = 20
"""The expression correlation is over the blendshapes that vary most in the held-out fits."""

_COUNT = len(ARKIT.expression)
_TIMED = 30
_EYES = ([33, 133], [263, 362])


@dataclass(frozen=True, eq=False)
class PortraitScores:
    """What was read from the portraits of a split, each in the crop of its detected (else its true) box.

    Attributes:
        colour: whether each is in colour, bool [P].
        found: whether its face was detected, bool [P].
        landmark_error: mean distance to the teacher's landmarks, % of the inter-ocular distance [P].
        rotation_error: |yaw|, |pitch|, |roll| of the turn from the fit to what was read, degrees [P, 3].
        correlation: blendshape -> correlation with the fit, those that vary most first.
    """

    colour: NDArray[np.bool_]
    found: NDArray[np.bool_]
    landmark_error: NDArray[np.float64]
    rotation_error: NDArray[np.float64]
    correlation: dict[str, float]


def evaluate_portraits(extractor: Extractor, data: Path, split: str = "test") -> PortraitScores:
    """Detect and read every portrait of a split of the data folder."""
    photos, portraits = FacePhotos.load(data, split), Portraits(data, split)
    found, readings, errors, rotations = [], [], [], []
    for row, picture in enumerate(photos.pictures):
        box = photos.boxes[row]
        truth = Face((float(box[0]), float(box[1]), float(box[2]), float(box[3])), 1.0, np.zeros((5, 2)))
        hits = [face for face in extractor.detect(picture) if overlap(face, truth) >= OVERLAP]
        crop = square_crop(hits[0].box if hits else truth.box)
        seen = extractor.extract(crop.cut(picture, CROP))
        found.append(bool(hits))
        readings.append(seen.coefficients[:_COUNT])
        errors.append(landmark_error(seen, (photos.landmarks[row] - (crop.x, crop.y)) / crop.side))
        read = rotation_matrix(*seen.coefficients[_COUNT : _COUNT + 3])
        rotations.append(np.abs(turn(photos.poses[row].rotation, read)))
    return PortraitScores(
        portraits.colour[portraits.index],
        np.array(found),
        np.array(errors),
        np.array(rotations),
        expression_correlation(photos.expression, np.array(readings)),
    )


def landmark_error(seen: Extraction, landmarks: NDArray[np.floating]) -> float:
    """Mean distance of what was read to landmarks [478, 2] (fractions of the crop), % of the inter-ocular distance."""
    right, left = (landmarks[eye].mean(0) for eye in _EYES)
    distance = np.linalg.norm(seen.landmarks - landmarks, axis=-1)
    return float(100 * distance.mean() / np.linalg.norm(right - left))


def expression_correlation(
    fitted: NDArray[np.floating], read: NDArray[np.floating], count: int = VARYING
) -> dict[str, float]:
    """Correlation of weights read with weights fitted [P, 53], for the `count` blendshapes that vary most in the fits.

    A blendshape that never moves in what was read correlates with nothing: 0.
    """
    chosen = np.argsort(-fitted.std(0))[:count]
    return {
        ARKIT.expression[k].name: float(np.corrcoef(fitted[:, k], read[:, k])[0, 1]) if read[:, k].std() else 0.0
        for k in chosen
    }


def count_false_faces(extractor: Extractor, folder: Path) -> int:
    """Faces reported on `FACE_FREE` pictures: those in `folder`, which show none, and windows of them."""
    backgrounds, rng = Backgrounds(folder, textures=0.0), np.random.default_rng(0)
    whole = backgrounds.pictures[:FACE_FREE]
    windows = [backgrounds.draw(FACE_FREE_SIDE, rng) for _ in range(FACE_FREE - len(whole))]
    return sum(len(extractor.detect(picture)) for picture in [*whole, *windows])


def measure_speed(extractor: Extractor, picture: NDArray[np.uint8]) -> dict[str, float]:
    """Median milliseconds of finding the faces of a picture (the second looks included) and of reading one crop.

    Raises EvaluationError where the picture shows no face to read.
    """
    faces = extractor.detect(picture)
    if not faces:
        raise EvaluationError("the picture for the timing shows no face: choose another")
    crop = square_crop(faces[0].box).cut(picture, CROP)
    return {
        "detection": _median_ms(lambda: extractor.detect(picture)),
        "regression": _median_ms(lambda: extractor.extract(crop)),
    }


def _median_ms(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(1000 * np.median(seconds))
