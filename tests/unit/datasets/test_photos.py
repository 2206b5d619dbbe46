import numpy as np
import pytest

from datasets.photos import FacePhotos, mirror_order
from models.extractor.landmarks import face_box, five_points


def test_face_box_is_the_tight_square_of_the_468_face_landmarks() -> None:
    landmarks = np.full((478, 2), 50.0)
    landmarks[0], landmarks[1], landmarks[470] = (20, 40), (60, 60), (900, 900)  # an iris does not count
    assert face_box(landmarks) == (20, 30, 60, 70)


def test_five_points_average_the_eye_corners() -> None:
    landmarks = np.zeros((478, 2))
    landmarks[33], landmarks[133] = (10, 20), (30, 22)
    assert five_points(landmarks)[0] == pytest.approx([20, 21])


def test_mirror_order_pairs_each_landmark_with_its_partner(faces: FacePhotos) -> None:
    order = mirror_order(faces.landmarks)
    assert np.array_equal(order[order], np.arange(478))
    assert np.array_equal(order[:239], np.arange(239, 478))
