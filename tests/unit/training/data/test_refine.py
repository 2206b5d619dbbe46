"""Faces move landmarks that lie on wrong vertices to the right ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.coefficients import rotation_matrix
from models.face3d.morphable import FACE, MorphableModel
from models.face3d.pose import HeadPose
from tests.landmark_head import write_landmark_head
from training.data.correspondence import FIXED
from training.data.refine import refined


def test_wrong_vertices_come_nearer_and_known_ones_stay(tmp_path: Path) -> None:
    model = MorphableModel.load(write_landmark_head(tmp_path) / "ict_facekit.npz")
    rng = np.random.default_rng(0)
    readings = []
    for _ in range(6):
        shape = model.mean + np.tensordot(rng.normal(0, 0.3, 60), model.identity, 1)
        pose = HeadPose(9.0, rotation_matrix(*rng.normal(0, 0.15, 3)), np.array([140.0, -150.0, 0.0]))
        landmarks = (pose.scale * shape @ pose.rotation.T + pose.translation) * (1, -1, -1)
        readings.append((np.pad(landmarks, ((0, 10), (0, 0))), np.zeros(53)))
    skin = np.unique(model.triangles[model.part == FACE])
    moved = rng.choice(np.setdiff1d(skin, FIXED), 40, replace=False)
    vertex = np.arange(468, dtype=np.int32)
    near = np.linalg.norm(model.mean[skin][None] - model.mean[moved][:, None], axis=-1).argsort(1)[:, 3]
    vertex[moved] = skin[near]
    found = refined(model, vertex, readings)
    assert (found[list(FIXED)] == list(FIXED)).all()
    before, after = (np.linalg.norm(model.mean[v[moved]] - model.mean[moved], axis=1).mean() for v in (vertex, found))
    assert after < before / 2
