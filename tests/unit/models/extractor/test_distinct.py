import numpy as np
import pytest

from models.extractor import Face
from models.extractor.distinct import distinct, overlap


def face(x: float, y: float, side: float, score: float = 0.5) -> Face:
    return Face((x, y, x + side, y + side), score, np.zeros((5, 2), np.float32))


@pytest.mark.parametrize(("x", "expected"), [(0, 1), (1, 1 / 3), (2, 0), (5, 0)])
def test_overlap_of_shifted_squares(x: float, expected: float) -> None:
    assert overlap(face(0, 0, 2), face(x, 0, 2)) == pytest.approx(expected)


def test_best_answer_of_each_face_stays() -> None:
    answers = [face(0, 0, 10, 0.7), face(1, 1, 10, 0.9), face(30, 0, 10, 0.6)]
    assert [one.score for one in distinct(answers)] == [0.9, 0.6]


def test_piece_of_a_face_goes() -> None:
    assert [one.score for one in distinct([face(0, 0, 100, 0.9), face(40, 40, 20, 0.8)])] == [0.9]


def test_neighbours_stay() -> None:
    assert len(distinct([face(0, 0, 10), face(11, 0, 10), face(0, 11, 10)])) == 3


def test_nothing_is_nothing() -> None:
    assert distinct([]) == []
