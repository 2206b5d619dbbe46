"""The vertices of MediaPipe's landmarks, moved to where real faces have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from models.face3d.fitting import fit_photo
from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.morphable import FACE, MorphableModel
from training.data.correspondence import FILE, FIXED
from training.data.ict import FILE as MODEL_FILE
from training.data.origins import Input
from training.data.read_portrait import LeftOutError, PortraitMaker, read_picture

FACES, LEAST, TRIES = 40, 20, 80
"""How many faces are looked at, how many it takes at least, and how many pictures are opened for them."""
ROUNDS = 2
DEPTH = 0.5  # how far landmarks are believed in depth

Reading = tuple[np.ndarray, np.ndarray]
"""Landmarks [478, 3] and scores [53]."""


def refine_correspondence(data: Path, found: Sequence[Input], maker: PortraitMaker) -> LandmarkMesh:
    """Move the vertices in DATA/mediapipe_to_ict.npz by pictures from all over the list; too few faces leave them.

    Returns the mesh at the landmarks.
    """
    step = max(len(found) // TRIES, 1)
    readings = list(islice(_readings(found[::step], maker), FACES))
    if len(readings) >= LEAST:
        model = MorphableModel.load(data / MODEL_FILE)
        with np.load(data / FILE) as file:
            vertex = refined(model, file["vertex"], readings)
        np.savez(data / f".{FILE}", vertex=vertex)
        (data / f".{FILE}").rename(data / FILE)
    return LandmarkMesh.load(data)


def refined(model: MorphableModel, vertex: np.ndarray, readings: Sequence[Reading]) -> np.ndarray:
    """The vertices, int32 [468], moved by the mean misses of fits to all faces; known ones stay.

    Args:
        vertex: where to begin.
    """
    vertex = vertex.copy()
    free = np.setdiff1d(np.arange(len(vertex)), FIXED)
    skin = np.unique(model.triangles[model.part == FACE])
    for _ in range(ROUNDS):
        mesh = LandmarkMesh(model.mean[vertex], model.identity[:, vertex], model.expression[:, vertex])
        misses = np.mean([_misses(mesh, *reading) for reading in readings], 0) * (1, 1, DEPTH)
        wanted = (mesh.mean + misses)[free]
        vertex[free] = skin[np.linalg.norm(model.mean[skin][None] - wanted[:, None], axis=-1).argmin(1)]
    return vertex


def _misses(mesh: LandmarkMesh, landmarks: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """From the fitted mesh to the landmarks, in the head's own axes, centimetres [468, 3]."""
    identity, fit = fit_photo(mesh, landmarks, scores)
    pose = fit.pose
    seen = (landmarks[: len(mesh.mean)] * (1, -1, -1) - pose.translation) / pose.scale @ pose.rotation
    shape = mesh.mean + np.tensordot(identity, mesh.identity, 1) + np.tensordot(fit.expression, mesh.expression, 1)
    return np.asarray(seen - shape)


def _readings(found: Iterable[Input], maker: PortraitMaker) -> Iterable[Reading]:
    for one in found:
        try:
            reading = maker.read(read_picture(one.path))
        except LeftOutError:
            continue
        yield reading.landmarks, reading.scores
