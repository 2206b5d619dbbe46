"""The project's own extractor as the labeller of faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from datasets.labeller import opened_labeller
from models.errors import TrainingDataError
from models.face3d.fitting import fit_photo
from models.face3d.landmark_mesh import LandmarkMesh
from tests.landmark_head import write_landmark_head


def test_a_face_is_read_as_mediapipe_would(tmp_path: Path) -> None:
    data = write_landmark_head(tmp_path)
    with opened_labeller("extractor", data) as reader:
        assert reader.read(np.zeros((200, 200, 3), np.uint8)) is None
        reading = reader.read(skimage.data.astronaut())
    assert reading is not None
    assert (reading.landmarks.shape, reading.scores.shape) == ((478, 3), (53,))
    eyes = reading.landmarks[[33, 263], :2]
    assert eyes == pytest.approx(np.array([[196, 101], [248, 104]]), abs=8)
    assert reading.landmarks[1, 2] < reading.landmarks[234, 2], "the nose is nearer than the ear"
    assert reading.scores.min() >= 0
    assert reading.scores.max() <= 1
    _, fit = fit_photo(LandmarkMesh.load(data), reading.landmarks, reading.scores)
    assert np.abs(fit.pose.rotation - reading.rotation).max() < 0.2


def test_without_mediapipe_the_other_labeller_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="--labeller extractor"), opened_labeller("mediapipe", tmp_path):
        pass
