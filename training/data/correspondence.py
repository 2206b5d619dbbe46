"""MediaPipe's landmarks on the 3DMM's mesh: `mediapipe_to_ict.npz`.

Lids and the points that ICT-FaceKit names itself are known; a thin-plate spline through them lays MediaPipe's own face
on the mesh, and the others are the nearest vertices.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from scipy.interpolate import RBFInterpolator

from models.errors import TrainingDataError
from models.extractor.landmarks import FACE_LANDMARKS
from models.face3d.morphable import FACE, ICT_LID_RIMS, MorphableModel
from training.data.ict import FOLDER, VERTEX_INDICES

FILE = "mediapipe_to_ict.npz"
FACING = 0.3  # of a vertex's normal towards the viewer, where the face is known without depth
_CANONICAL = "geometry_pipeline_metadata_landmarks.binarypb"  # of MediaPipe's task file: its face, as protobuf
_MEAN_FACE = "network.shape.landmarks_mean"  # of extractor.onnx

_LID_LANDMARKS = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
"""MediaPipe's lids, upper and lower, in the order of `ICT_LID_RIMS`."""

_OF_68 = {
    8: 152,
    **dict(zip(range(18, 26), (63, 105, 66, 107, 336, 296, 334, 293), strict=True)),  # brows
    **dict(zip(range(27, 36), (168, 197, 5, 4, 75, 97, 2, 326, 305), strict=True)),  # nose
    **dict(zip(range(48, 60), (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181), strict=True)),  # outer lips
    **dict(zip(range(60, 68), (78, 82, 13, 312, 308, 317, 14, 87), strict=True)),  # inner lips
}  # fmt: skip
"""Multi-PIE's 68 landmarks, which ICT-FaceKit gives vertices for -> MediaPipe's; the jaw slides, and stays out."""

FIXED = tuple({*_OF_68.values(), *(landmark for eye in _LID_LANDMARKS for lid in eye for landmark in lid)})
"""The landmarks whose vertices are known."""


def make_correspondence(checkout: Path, model: MorphableModel, out: Path, face: np.ndarray) -> None:
    """Write OUT/mediapipe_to_ict.npz: `vertex`, int32 [468].

    Args:
        face: MediaPipe's face [468, 3], or [468, 2] where its depth is unknown, x right, y up.
    """
    named = json.loads((checkout / FOLDER / VERTEX_INDICES).read_text())["idx_to_landmark_verts"]
    known = {landmark: named[number] for number, landmark in _OF_68.items()}
    for lids, rims in zip(_LID_LANDMARKS, ICT_LID_RIMS, strict=True):
        for landmarks, vertices in zip(lids, rims, strict=True):
            known |= dict(zip(landmarks, vertices, strict=True))
    partial = out / f".{FILE}"
    np.savez(partial, vertex=nearest_vertices(model, face, known))
    partial.rename(out / FILE)


def nearest_vertices(model: MorphableModel, face: np.ndarray, known: dict[int, int]) -> np.ndarray:
    """The vertex of the face's skin for every landmark, int32 [468]; `known` says that of some."""
    axes = face.shape[1]
    landmarks, vertices = np.array(list(known)), np.array(list(known.values()))
    laid = RBFInterpolator(face[landmarks], model.mean[vertices, :axes], kernel="thin_plate_spline")(face)
    skin = np.unique(model.triangles[model.part == FACE])
    if axes == 2:  # what is seen from the side alone would lie beneath the face's outline
        skin = skin[_normals(model)[skin, 2] > FACING]
    distance = np.linalg.norm(model.mean[skin, None, :axes] - laid[None], axis=-1)
    found = skin[distance.argmin(0)]
    found[landmarks] = vertices
    return found.astype(np.int32)


def canonical_face(task: Path) -> np.ndarray:
    """MediaPipe's own face, float32 [468, 3], from its landmarker's task file. Raises TrainingDataError."""
    try:
        data = zipfile.ZipFile(task).read(_CANONICAL)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise TrainingDataError(f"{task} is not MediaPipe's face landmarker ({error})") from error
    # Five floats a vertex, each with the tag of protobuf field 3: position, then texture.
    match = re.search(rb"(?:\x1d.{4}){%d}" % (5 * FACE_LANDMARKS), data, re.DOTALL)
    if match is None:
        raise TrainingDataError(f"{task} holds a face of another number of landmarks than {FACE_LANDMARKS}")
    return np.frombuffer(match.group(), [("tag", "u1"), ("value", "<f4")])["value"].reshape(-1, 5)[:, :3]


def mean_face(regressor: Path) -> np.ndarray:
    """The mean face of this project's regressor (`extractor.onnx`), float [468, 2], y up: MediaPipe's without depth."""
    values = {one.name: one for one in onnx.load(regressor).graph.initializer}
    if _MEAN_FACE not in values:
        raise TrainingDataError(f"{regressor} holds no mean face: name an extractor.onnx of this project")
    points = np.asarray(numpy_helper.to_array(values[_MEAN_FACE]), np.float64).reshape(-1, 2)
    return points[:FACE_LANDMARKS] * (1, -1)


def _normals(model: MorphableModel) -> np.ndarray:
    normals = np.zeros_like(model.mean)
    corners = model.mean[model.triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for corner in range(3):
        np.add.at(normals, model.triangles[:, corner], across)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
