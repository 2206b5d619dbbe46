"""The edit evaluation around an editor whose answers are known: its pictures spell their coefficients in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest

from datasets.landmarker import FaceReading
from evaluation.edits import evaluate_edits
from evaluation.photos import Photo
from models.coefficients import ARKIT, rotation_matrix
from models.errors import NoFaceError
from models.extractor import Crop, Face
from models.portrait import PortraitEditor, Source

SIZE = 16


def spell(coefficients: np.ndarray) -> np.ndarray:
    """A picture [16, 16, 3] whose first bytes are the coefficients."""
    picture = np.full(SIZE * SIZE * 3, 128, np.uint8)
    content = coefficients.astype(np.float32).view(np.uint8)
    picture[: len(content)] = content
    return picture.reshape(SIZE, SIZE, 3)


def read(picture: np.ndarray) -> np.ndarray:
    return picture.reshape(-1)[: 4 * ARKIT.size].copy().view(np.float32)


class SpellingEditor:
    """Renders by spelling, with a slip of `error` grey levels in its last row."""

    space = ARKIT

    def __init__(self, error: int = 0) -> None:
        self._error = error

    def analyse(self, image: np.ndarray) -> Source:
        if not image.any():
            raise NoFaceError("nothing there")
        face = Face((0, 0, SIZE, SIZE), 1.0, np.zeros((5, 2), np.float32))
        return Source(image, face, Crop(0, 0, SIZE), read(image), np.zeros((478, 2), np.float32))

    def render(self, source: Source, motion: np.ndarray, *, paste_back: bool = True) -> Iterator[np.ndarray]:
        for coefficients in motion:
            picture = spell(coefficients)
            picture[-1] += np.uint8(self._error)
            yield picture


class SpellingJudge:
    """Sees the rotation, lips as far apart as the jaw is open and lids as the eyes; loses faces turned to the left."""

    def read(self, picture: np.ndarray) -> FaceReading | None:
        coefficients = read(picture)
        rotation = rotation_matrix(*coefficients[53:56])
        if rotation[0, 2] < -0.1:
            return None
        points = np.zeros((478, 3), np.float32)
        points[152, :2] = 0, 100
        points[14, 1] = 20 * coefficients[ARKIT.index["jawOpen"]]
        lids = 5 * (1 - coefficients[ARKIT.index["eyeBlinkLeft"]])
        for corners, upper, lower in [((33, 133), (160, 158), (144, 153)), ((362, 263), (385, 387), (380, 373))]:
            points[list(corners)] = [0, 0, 0], [20, 0, 0]
            points[list(upper)], points[list(lower)] = [10, -lids, 0], [10, lids, 0]
        return FaceReading(points, coefficients[:53], rotation)


def evaluate(pictures: list[np.ndarray], error: int = 0) -> Any:
    photos = [Photo(number, picture, colour=True) for number, picture in enumerate(pictures)]
    return evaluate_edits(cast(PortraitEditor, SpellingEditor(error)), SpellingJudge(), photos)


@pytest.fixture
def portrait() -> np.ndarray:
    coefficients = np.zeros(59, np.float32)
    coefficients[53:56] = 0.1, 0.05, -0.05
    return spell(coefficients)


def test_a_perfect_editor_gets_what_was_requested(portrait: np.ndarray) -> None:
    (photo,) = evaluate([portrait]).photos
    assert photo.outcomes["jawOpen +0.6"].judged == pytest.approx(12)  # 0.6 · 20 of 100
    assert photo.outcomes["jawOpen +0.6"].extracted == pytest.approx(1)
    assert photo.outcomes["eyeBlink +1"].judged == pytest.approx(0, abs=1e-6)
    for name in ("yaw +15", "pitch +15", "pitch -15", "roll +15", "roll -15"):
        assert photo.outcomes[name].judged == pytest.approx(15, abs=1e-3)
        assert photo.outcomes[name].extracted == pytest.approx(15, abs=1e-3)


def test_a_face_that_the_judge_loses_has_no_value(portrait: np.ndarray) -> None:
    (photo,) = evaluate([portrait]).photos
    assert photo.outcomes["yaw -15"].judged is None
    assert photo.outcomes["yaw -15"].extracted == pytest.approx(15, abs=1e-3)


def test_zero_edit_is_measured_on_the_networks_picture(portrait: np.ndarray) -> None:
    (photo,) = evaluate([portrait], error=40).photos
    fraction = SIZE / SIZE**2  # one row of sixteen
    assert photo.zero_edit_psnr == pytest.approx(10 * np.log10(255**2 / (40**2 * fraction)), abs=0.01)
    assert (photo.pictures["zero edit"][-1] == 168).all()


def test_photos_without_a_face_are_listed_with_the_reason(portrait: np.ndarray) -> None:
    left = np.zeros(59, np.float32)
    left[53] = -0.3
    result = evaluate([np.zeros_like(portrait), portrait, spell(left)])
    assert [photo.number for photo in result.photos] == [1]
    assert "detector" in result.unmeasured[0]
    assert "judge" in result.unmeasured[2]
