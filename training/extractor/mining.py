"""Hard negatives: what a trained detector takes for a face where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos
from models.extractor.crop import square_crop
from models.extractor.detector import Detector
from models.extractor.distinct import overlap
from models.extractor.face import Face
from models.extractor.regressor import CROP

PICTURE = 480  # side, in pixels, of the face-free pictures that are searched
INPUT = 320  # pixels: side at which the detector reads most pictures
COPIES = 2  # crops kept of each mistake, each placed a little differently
BELONGS = 0.05  # a candidate that overlaps the true face by more is no mistake, or not clearly one


def hard_negatives(detector: Path, photos: FacePhotos, backgrounds: Backgrounds, count: int) -> np.ndarray:
    """Crops around the detector's mistakes on `count` backgrounds, and beside the faces of as many portraits, uint8
    [M, 256, 256, 3]."""
    finder, rng = Detector(detector, threads=1), np.random.default_rng(4)
    crops: list[np.ndarray] = []
    for _ in range(count):
        picture = backgrounds.draw(PICTURE, rng)
        crops += _crops(picture, finder.detect(picture, INPUT), rng)
    for index in rng.choice(len(photos), min(count, len(photos)), replace=False):
        picture = photos.pictures[index]
        x0, y0, x1, y1 = (float(v) for v in photos.boxes[index])
        face = Face((x0, y0, x1, y1), 1.0, np.zeros((5, 2)))
        mistakes = [
            one for one in finder.detect(picture, INPUT) if overlap(one, face) < BELONGS and not _near(one, face)
        ]
        crops += _crops(picture, mistakes, rng)
    return np.stack(crops) if crops else np.zeros((0, CROP, CROP, 3), np.uint8)


def hard_grounds(detector: Path, backgrounds: Backgrounds, count: int) -> np.ndarray:
    """Those of `count` face-free pictures in which the detector finds faces, uint8 [M, 320, 320, 3]."""
    finder, rng = Detector(detector, threads=1), np.random.default_rng(5)
    pictures = (backgrounds.draw(INPUT, rng) for _ in range(count))
    hard = [picture for picture in pictures if finder.detect(picture, INPUT)]
    return np.stack(hard) if hard else np.zeros((0, INPUT, INPUT, 3), np.uint8)


def _near(one: Face, face: Face) -> bool:
    """Whether the candidate's middle lies in the face: perhaps an eye, perhaps the face badly measured."""
    x, y = (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2
    return face.box[0] < x < face.box[2] and face.box[1] < y < face.box[3]


def _crops(picture: np.ndarray, mistakes: list[Face], rng: np.random.Generator) -> list[np.ndarray]:
    crops = []
    for x0, y0, x1, y1 in (mistake.box for mistake in mistakes):
        for _ in range(COPIES):
            half = (x1 - x0) / 2 * np.exp(rng.normal(0, 0.15))
            x, y = np.array([x0 + x1, y0 + y1]) / 2 + rng.normal(0, 0.08, 2) * (x1 - x0)
            crops.append(square_crop((x - half, y - half, x + half, y + half)).cut(picture, CROP))
    return crops
