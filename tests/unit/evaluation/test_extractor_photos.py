"""What is measured of the extractor on photos, on readings whose errors are known."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from datasets.photos import FacePhotos
from evaluation import extractor_photos as module
from evaluation.extractor_photos import (
    count_false_faces,
    evaluate_portraits,
    expression_correlation,
    landmark_error,
    measure_speed,
)
from models.coefficients import ARKIT
from models.errors import EvaluationError
from models.extractor import Extraction, Extractor, Face, square_crop
from models.extractor.landmarks import face_box
from models.face3d.pose import HeadPose


def landmarks() -> np.ndarray:
    """A cloud of 478 points around (150, 150); the eyes' middles are 40 pixels apart."""
    points = np.random.default_rng(0).uniform(110, 190, (478, 2)).astype(np.float32)
    points[[33, 133]], points[[263, 362]] = (130, 140), (170, 140)
    return points


class KnowingExtractor:
    """Finds a face wherever the picture's first pixel is bright and reads what it was given, `slip` pixels off."""

    def __init__(self, box: tuple[float, float, float, float], points: np.ndarray, slip: float) -> None:
        self._box, self._points, self._slip = box, points, slip

    def detect(self, image: np.ndarray) -> list[Face]:
        return [Face(self._box, 0.9, np.zeros((5, 2), np.float32))] if image[0, 0, 0] > 100 else []

    def extract(self, crops: np.ndarray) -> Extraction:
        crop = square_crop(self._box)
        coefficients = np.zeros(ARKIT.size, np.float32)
        coefficients[53] = np.radians(2)
        return Extraction(coefficients, (self._points + self._slip - (crop.x, crop.y)) / crop.side, np.float32(0.9))


def test_errors_are_those_of_the_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    points = landmarks()
    box = face_box(points)
    pictures = np.zeros((3, 288, 288, 3), np.uint8)
    pictures[:2, 0, 0] = 255
    pose = HeadPose(8.0, np.eye(3), np.array([150.0, -150, 0]))
    expression = np.random.default_rng(1).uniform(0, 1, (3, 53)).astype(np.float32)
    photos = FacePhotos(pictures, np.stack([points] * 3), np.array([box] * 3), expression, (pose,) * 3)

    class Split:
        index = np.array([1, 2, 3])
        colour = np.array([True, True, False, True])

    monkeypatch.setattr(module.FacePhotos, "load", lambda data, split: photos)
    monkeypatch.setattr(module, "Portraits", lambda data, split: Split())
    scores = evaluate_portraits(cast(Extractor, KnowingExtractor(box, points, slip=3)), Path())
    assert scores.found.tolist() == [True, True, False]
    assert scores.colour.tolist() == [True, False, True]
    assert scores.landmark_error == pytest.approx(100 * 3 * np.sqrt(2) / 40, rel=1e-4)
    assert scores.rotation_error == pytest.approx(np.array([[2, 0, 0]] * 3), abs=1e-4)
    assert set(scores.correlation.values()) == {0.0}  # it always reads the same


def test_landmark_error_counts_in_inter_ocular_distances() -> None:
    truth = landmarks() / 300
    seen = Extraction(np.zeros(59, np.float32), truth + np.array([0, 0.01]), np.float32(1))
    assert landmark_error(seen, truth) == pytest.approx(100 * 0.01 * 300 / 40, rel=1e-4)


def test_correlation_is_over_what_varies_most() -> None:
    rng = np.random.default_rng(0)
    fitted = rng.normal(0, 0.01, (200, 53))
    jaw, smile = ARKIT.index["jawOpen"], ARKIT.index["mouthSmileLeft"]
    fitted[:, jaw], fitted[:, smile] = rng.uniform(0, 1, 200), rng.uniform(0, 0.5, 200)
    read = fitted.copy()
    read[:, smile] = 0
    found = expression_correlation(fitted, read, 2)
    assert list(found) == ["jawOpen", "mouthSmileLeft"]
    assert found["jawOpen"] == pytest.approx(1)
    assert found["mouthSmileLeft"] == 0


def test_every_reported_face_is_a_false_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FACE_FREE", 6)
    cv2.imwrite(str(tmp_path / "dark.png"), np.zeros((200, 200, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "bright.png"), np.full((200, 200, 3), 250, np.uint8))
    box = (10.0, 10.0, 50.0, 50.0)
    count = count_false_faces(cast(Extractor, KnowingExtractor(box, landmarks(), 0)), tmp_path)
    assert 1 <= count <= 5  # the bright picture and the windows of it


def test_speed_needs_a_face() -> None:
    extractor = cast(Extractor, KnowingExtractor((10.0, 10.0, 50.0, 50.0), landmarks(), 0))
    assert set(measure_speed(extractor, np.full((60, 60, 3), 255, np.uint8))) == {"detection", "regression"}
    with pytest.raises(EvaluationError, match="no face"):
        measure_speed(extractor, np.zeros((60, 60, 3), np.uint8))
