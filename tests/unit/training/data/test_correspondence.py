"""MediaPipe's landmarks find their vertices."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.bundle import DEFAULT_BUNDLE
from models.errors import TrainingDataError
from models.face3d.morphable import MorphableModel
from tests.landmark_head import write_landmark_head
from training.data.correspondence import canonical_face, mean_face, nearest_vertices

KNOWN = [1, 10, 33, 61, 152, 234, 263, 291, 454]


@pytest.mark.parametrize(("axes", "found"), [(3, 1.0), (2, 0.9)])
def test_a_face_of_another_shape_is_laid_on_the_mesh(tmp_path: Path, axes: int, found: float) -> None:
    model = MorphableModel.load(write_landmark_head(tmp_path) / "ict_facekit.npz")
    skin = np.unique(model.triangles[model.part == 0])
    stretched = model.mean * (1.2, 0.8, 1.1) + (3, 0, 0)
    vertices = nearest_vertices(model, stretched[:, :axes], {k: k for k in KNOWN})
    assert vertices.dtype == np.int32
    assert vertices[KNOWN].tolist() == KNOWN
    assert (vertices[skin] == skin).mean() >= found


def test_the_task_files_own_face_is_read(tmp_path: Path) -> None:
    values = np.arange(468 * 5, dtype=np.float32)
    packed = b"\x08\x01" + b"".join(b"\x1d" + struct.pack("<f", value) for value in values) + b"\x20\x01"
    with zipfile.ZipFile(tmp_path / "a.task", "w") as file:
        file.writestr("geometry_pipeline_metadata_landmarks.binarypb", packed)
    assert (canonical_face(tmp_path / "a.task") == values.reshape(468, 5)[:, :3]).all()
    for name, data in (("short.task", b"PK"), ("none.task", None)):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(TrainingDataError, match=name):
            canonical_face(tmp_path / name)


def test_the_extractors_mean_face_is_a_face() -> None:
    face = mean_face(DEFAULT_BUNDLE / "extractor.onnx")
    assert face.shape == (468, 2)
    assert face[33, 0] < face[1, 0] < face[263, 0], "the person's right eye is on the picture's left"
    assert face[10, 1] > face[1, 1] > face[13, 1] > face[152, 1], "y is up"
    with pytest.raises(TrainingDataError, match="no mean face"):
        mean_face(DEFAULT_BUNDLE / "detector.onnx")
