"""A bundle, a mesh and a judge whose answers are known: their pictures spell their coefficients in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from datasets.landmarker import FaceReading
from evaluation.renderer.bench import RENDERED, RendererBench
from evaluation.renderer.geometry import Geometry
from models.coefficients import ARKIT, rotation_matrix
from models.extractor import Crop, Extraction, Extractor, Face
from models.face3d.landmark_shape import LEFT_EYE, LIPS, RIGHT_EYE
from models.rendering import FrameRenderer

SIZE = 256
BRIGHT = 128


def spell(coefficients: np.ndarray, level: int = BRIGHT) -> np.ndarray:
    """A grey picture [256, 256, 3] whose first bytes are the coefficients [59]."""
    picture = np.full(SIZE * SIZE * 3, level, np.uint8)
    content = coefficients.astype(np.float32).view(np.uint8)
    picture[: len(content)] = content
    return picture.reshape(SIZE, SIZE, 3)


def read(picture: np.ndarray) -> np.ndarray:
    return picture.reshape(-1)[: 4 * ARKIT.size].copy().view(np.float32)


def face_landmarks() -> np.ndarray:
    """[478, 2] in fractions: a round face in the middle, with eyes and a mouth."""
    angle = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    points = 0.5 + 0.3 * np.stack([np.cos(angle), np.sin(angle)], -1)
    places = ((LIPS, (0.5, 0.68), 0.08), (RIGHT_EYE[:16], (0.38, 0.4), 0.04), (LEFT_EYE[:16], (0.62, 0.4), 0.04))
    for group, centre, radius in places:
        turn = np.linspace(0, 2 * np.pi, len(group), endpoint=False)
        points[list(group)] = np.array(centre) + radius * np.stack([np.cos(turn), 0.5 * np.sin(turn)], -1)
    return points


class SpellingExtractor:
    """Reads what is spelled; sees no face in a black picture."""

    def detect(self, image: np.ndarray) -> list[Face]:
        side = SIZE * 137.125 / 256
        middle, lift = SIZE / 2, side * 11 / 137.125
        box = (middle - side / 2, middle + lift - side / 2, middle + side / 2, middle + lift + side / 2)
        return [Face(box, 1.0, np.zeros((5, 2), np.float32))] if image.any() else []

    def extract(self, crops: np.ndarray) -> Extraction:
        count = len(crops)
        coefficients = np.stack([read(crop) for crop in crops])
        return Extraction(coefficients, np.repeat(face_landmarks()[None], count, 0), np.ones(count, np.float32))


class SpellingRenderer:
    """Does a `fraction` of what is requested, and leaks `leak` of every requested jaw into the smile."""

    def __init__(self, fraction: float = 1.0, leak: float = 0.0) -> None:
        self._fraction, self._leak = fraction, leak

    def photo(
        self, image: np.ndarray, square: Crop, own: np.ndarray, motion: np.ndarray, size: int, landmarks: np.ndarray
    ) -> Iterator[np.ndarray]:
        for requested in motion:
            made = own + self._fraction * (requested - own)
            jaw = (requested - own)[ARKIT.index["jawOpen"]]
            made[[ARKIT.index[f"mouthSmile{side}"] for side in ("Left", "Right")]] += self._leak * jaw
            yield spell(made)


class SpellingGeometry:
    """The mesh does all that is requested; its fit is what the photo spells."""

    def __init__(self, pictures: dict[int, np.ndarray]) -> None:
        self._pictures = pictures

    def own(self, photo: int, square: Crop) -> np.ndarray:
        return read(self._pictures[photo])

    def retarget(self, photo: int, crop: np.ndarray, own: np.ndarray, requested: np.ndarray) -> Any:
        still = np.zeros((SIZE, SIZE, 2), np.float32)
        return SimpleNamespace(picture=spell(requested), flow=still, reverse_flow=still)


def landmarks_of(coefficients: np.ndarray) -> np.ndarray:
    """Landmarks [478, 3] of a face whose main expressions move its points in proportion, turned as its head is."""

    def weight(name: str) -> float:
        return float(coefficients[[ARKIT.index[side] for side in ARKIT.shorthands.get(name, (name,))]].mean())

    points, lid = np.zeros((478, 3)), 0.2 * (1 - weight("eyeBlink"))
    points[[33, 133, 362, 263], 0] = -1.25, -0.75, 0.75, 1.25
    points[[160, 158, 385, 387], :2] = [-1.1, lid], [-0.9, lid], [0.9, lid], [1.1, lid]
    points[[144, 153, 380, 373], :2] = [-1.1, -lid], [-0.9, -lid], [0.9, -lid], [1.1, -lid]
    points[13, 1], points[14, 1] = -1, -1.2 - weight("jawOpen")
    wide, high = 0.6 - 0.2 * weight("mouthPucker") + 0.1 * weight("mouthSmile"), -1 + 0.3 * weight("mouthSmile")
    points[[61, 291], :2] = [-wide, high], [wide, high]
    points[[55, 285, 107, 336], 1] = 0.5 + 0.3 * weight("browInnerUp")
    points[[10, 152], 1] = 1.5, -1.5
    turned = points @ np.asarray(rotation_matrix(*coefficients[53:56])).T
    return (100 * turned * (1, -1, -1) + (128, 128, 0)).astype(np.float32)


class HalvingJudge:
    """Scores half of every weight, and sees landmarks and turns; loses faces that look far down."""

    def read(self, picture: np.ndarray) -> FaceReading | None:
        coefficients = read(picture)
        if coefficients[54] < -0.3:
            return None
        rotation = np.asarray(rotation_matrix(*coefficients[53:56]))
        return FaceReading(landmarks_of(coefficients), coefficients[:53] / 2, rotation)


@pytest.fixture
def portrait() -> np.ndarray:
    coefficients = np.full(59, 0.05, np.float32)
    coefficients[53:] = 0.02, 0.01, -0.02, 0, 0, 0
    return spell(coefficients)


def bench(renderer: SpellingRenderer | None = None, **others: Any) -> RendererBench:
    renderers = {RENDERED: cast(FrameRenderer, renderer or SpellingRenderer())}
    return RendererBench(ARKIT, cast(Extractor, SpellingExtractor()), renderers, **others)


def geometry(*pictures: np.ndarray) -> Geometry:
    return cast(Geometry, SpellingGeometry(dict(enumerate(pictures))))
