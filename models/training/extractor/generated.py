"""Generated pairs as training faces: rare expressions and large poses, with coefficients that are known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.coefficients import ARKIT, rotation_matrix
from models.errors import TrainingDataError
from models.extractor.landmarks import FACE_LANDMARKS, LANDMARKS, face_box
from models.training.extractor.photos import FacePhotos
from models.training.morphable import MorphableModel
from models.training.pairs import SIZE
from models.training.portraits import Portraits
from models.training.pose import CROP_CM, Pose

EXPRESSIONS = len(ARKIT.expression)


@dataclass(frozen=True)
class LandmarkMesh:
    """The 3DMM at the vertices that stand for MediaPipe's 468 landmarks: mean [468, 3], identity, expression."""

    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray

    @classmethod
    def load(cls, data: Path) -> LandmarkMesh:
        """From the training data folder's `ict_facekit.npz` and `mediapipe_to_ict.npz`."""
        model = MorphableModel.load(data / "ict_facekit.npz")
        with np.load(data / "mediapipe_to_ict.npz") as file:
            vertex = file["vertex"]
        return cls(model.mean[vertex], model.identity[:, vertex], model.expression[:, vertex])

    def project(self, identity: np.ndarray, coefficients: np.ndarray, size: int) -> np.ndarray:
        """Where the landmarks of P faces lie, pixels [P, 468, 2] of pictures of `size`.

        Args:
            identity: [P, 60]. coefficients: [P, 59].
        """
        yaw, pitch, roll, x, y, log_zoom = coefficients[:, EXPRESSIONS:].astype(np.float64).T
        shape = self.mean + np.tensordot(identity, self.identity, 1)
        shape += np.tensordot(coefficients[:, :EXPRESSIONS], self.expression, 1)
        turned = shape @ rotation_matrix(yaw, pitch, roll).swapaxes(-1, -2)
        scale = np.exp(log_zoom) * size / CROP_CM
        origin = (np.stack([x, y], -1) + 0.5) * size
        return turned[..., :2] * (1, -1) * scale[:, None, None] + origin[:, None]


def generated_faces(data: Path, pairs: Path) -> list[FacePhotos]:
    """The target pictures of every shard under `pairs`, one collection a shard; pictures stay on disk until drawn.

    A target's landmarks are the photo's own, moved as the mesh moved; nothing says where its irises went (NaN).

    Raises:
        TrainingDataError: there is no shard.
    """
    shards = sorted(path for path in pairs.glob("*-*") if path.is_dir() and path.suffix != ".partial")
    if not shards:
        raise TrainingDataError(f"{pairs} holds no pairs: make some with `python -m models.training pairs`")
    portraits, mesh = Portraits(data, "train"), LandmarkMesh.load(data)
    with np.load(portraits.folder / "labels.npz") as labels:
        marks = labels["landmarks"][:, :, :2].astype(np.float64)
    return [_shard_faces(shard, portraits, marks, mesh) for shard in shards]


def _shard_faces(shard: Path, portraits: Portraits, marks: np.ndarray, mesh: LandmarkMesh) -> FacePhotos:
    photo = np.load(shard / "photo.npy")
    old, new = np.load(shard / "source_coefficients.npy"), np.load(shard / "target_coefficients.npy")
    identity = portraits.identity[photo]
    moved = mesh.project(identity, new, SIZE) - mesh.project(identity, old, SIZE)
    landmarks = np.full((len(photo), LANDMARKS, 2), np.nan, np.float32)
    for row, index in enumerate(photo):
        own = _in_window(marks[index], portraits.pose(index), Pose.from_coefficients(old[row, EXPRESSIONS:], SIZE))
        landmarks[row, :FACE_LANDMARKS] = own[:FACE_LANDMARKS] + moved[row]
    return FacePhotos(
        pictures=np.load(shard / "target.npy", mmap_mode="r"),
        landmarks=landmarks,
        boxes=np.array([face_box(face) for face in landmarks], np.float32),
        expression=new[:, :EXPRESSIONS],
        poses=tuple(Pose.from_coefficients(row[EXPRESSIONS:], SIZE) for row in new),
    )


def _in_window(points: np.ndarray, photo: Pose, window: Pose) -> np.ndarray:
    """Points of the stored photo in its window: the pose in both says how the window was cut."""
    origin, target = (pose.translation[:2] * (1, -1) for pose in (photo, window))
    return (points - origin) * (window.scale / photo.scale) + target
