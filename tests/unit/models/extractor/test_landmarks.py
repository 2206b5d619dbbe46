"""How far mouth and eyes are open, by landmarks."""

from __future__ import annotations

import numpy as np
import pytest

from models.extractor.landmarks import LANDMARKS, eyes_closed, mouth_open


def face(lips: float, left: float, right: float) -> np.ndarray:
    """A face whose lips and eyes are 10 wide and as far open as said."""
    landmarks = np.zeros((LANDMARKS, 2))
    for (upper, lower, first, last), opening in (
        ((13, 14, 78, 308), lips),
        ((386, 374, 362, 263), left),
        ((159, 145, 33, 133), right),
    ):
        landmarks[[upper, lower], 1] = -opening / 2, opening / 2
        landmarks[[first, last], 0] = -5, 5
    return landmarks


@pytest.mark.parametrize(("lips", "expected"), [(0, 0), (4, 0.4), (12, 1)])
def test_the_mouth_is_as_open_as_the_lips_are_apart(lips: float, expected: float) -> None:
    assert mouth_open(face(lips, 3, 3)) == pytest.approx(expected)


def test_each_eye_is_named_by_the_persons_side() -> None:
    assert eyes_closed(face(0, 0.5, 4)) == (1, 0)
    assert eyes_closed(face(0, 3.5, 2)) == pytest.approx((0, 0.5))


def test_it_is_the_same_for_a_tilted_face() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    tilted = 3 * face(4, 2, 1.5) @ turn.T + 7
    assert mouth_open(tilted) == pytest.approx(0.4)
    assert eyes_closed(tilted) == pytest.approx((0.5, 0.75))
