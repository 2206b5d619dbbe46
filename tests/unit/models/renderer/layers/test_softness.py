"""How soft a photo is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.renderer.layers.softness import softness

FACE = (slice(0, 260), slice(110, 370))
EYES = np.array([115.0, 110.0], np.float32)


def enlarged(picture: NDArray[np.uint8], times: int) -> float:
    face = picture[FACE]
    bigger = cv2.resize(face, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return softness(np.asarray(bigger, np.uint8), EYES * times)


def test_an_enlarged_photo_is_as_soft_as_it_was_enlarged(astronaut: NDArray[np.uint8]) -> None:
    found = [enlarged(astronaut, times) for times in (1, 2, 4, 8)]
    assert found[0] < 0.4
    assert found == sorted(found)
    assert found[2] == pytest.approx(1.4, abs=0.4)
    assert found[3] > 1.4 * found[2]


def test_a_photo_out_of_focus_is_soft_too(astronaut: NDArray[np.uint8]) -> None:
    blurred = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 2.0), np.uint8)
    assert softness(blurred[FACE], EYES) == pytest.approx(2.0, abs=0.5)


def test_a_picture_without_edges_is_not_soft() -> None:
    assert softness(np.full((64, 64, 3), 90, np.uint8), EYES / 4) == 0
