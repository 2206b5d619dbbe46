"""The reduced face model: what is kept, and that a file holds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.errors import BundleError
from models.face3d.face_model import FaceModel
from models.face3d.morphable import TEETH
from models.face3d.pose import HeadPose

POSE = HeadPose(20.0, np.eye(3), np.array([200.0, -200.0, 0.0]))


def test_a_file_holds_the_model(face_model: FaceModel, tmp_path: Path) -> None:
    face_model.save(tmp_path / "face.safetensors")
    read = FaceModel.load(tmp_path / "face.safetensors")
    np.testing.assert_array_equal(read.triangles, face_model.triangles)
    np.testing.assert_array_equal(read.mouth_rim, face_model.mouth_rim)
    np.testing.assert_allclose(read.expression, face_model.expression, atol=0.005)  # centimetres
    np.testing.assert_allclose(read.identity, face_model.identity, atol=0.006)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "face.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BundleError, match="holds no face model"):
        FaceModel.load(tmp_path / "face.safetensors")


def test_some_vertices_are_expressed_as_all_are(face_model: FaceModel) -> None:
    weights = np.linspace(0, 1, 53, dtype=np.float32)
    chosen = face_model.mouth_rim
    everywhere = face_model.expressed(face_model.mean, weights)
    np.testing.assert_allclose(face_model.expressed(face_model.mean, weights, chosen), everywhere[chosen], atol=1e-4)


def test_the_rim_goes_round_the_mouth_along_edges(face_model: FaceModel) -> None:
    rim = face_model.mouth_rim
    edges = {frozenset(pair) for t in face_model.skin for pair in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    assert all(frozenset(pair) in edges for pair in zip(rim, np.roll(rim, -1), strict=True))
    weights = np.zeros(53, np.float32)
    weights[ARKIT.index["jawOpen"]] = 0.6
    points = face_model.project(face_model.expressed(face_model.mean, weights), POSE)[rim, :2]
    assert np.ptp(points[:, 1]) > 0.3 * np.ptp(points[:, 0])  # the lips part


def test_teeth_and_lids_are_kept(face_model: FaceModel) -> None:
    assert len(face_model.triangles_of(TEETH)) > 5000
    assert face_model.lid_rims.shape[:2] == (2, 2)
    assert (face_model.lid_rims >= 0).all()
    assert (face_model.landmarks >= 0).all()
