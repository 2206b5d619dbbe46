"""Generated pairs as training faces: rare expressions and large poses, with coefficients that are known exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datasets.photos import FacePhotos
from datasets.portraits import Portraits
from datasets.same_identity_pairs import SameIdentityPairs
from models.coefficients import ARKIT
from models.extractor.landmarks import FACE_LANDMARKS, face_box
from models.face3d.landmark_mesh import EXPRESSIONS, LandmarkMesh
from models.face3d.pose import HeadPose
from training.pairs.batches import FAR
from training.pairs.shards import SIZE, shard_folders

LIDS = 8.0
"""How often a pair whose lids move is drawn against another: diluted among all others, lids were not learnt at all."""

_LIDS = [ARKIT.index["eyeBlinkLeft"], ARKIT.index["eyeBlinkRight"]]


def generated_faces(data: Path, pairs: Path) -> list[SameIdentityPairs]:
    """Target and source of every pair under `pairs`, one collection a shard; pictures stay on disk until drawn.

    The source's coefficients are the photo's fit, the target's that fit and a known change. Landmarks are the photo's
    own, in the target moved as the mesh moved; where a target's irises went is unknown (NaN).

    Raises:
        TrainingDataError: there is no shard.
    """
    portraits, mesh = Portraits(data, "train"), LandmarkMesh.load(data)
    landmarks = portraits.landmarks[:, :, :2].astype(np.float64)
    return [_shard_faces(shard, portraits, landmarks, mesh) for shard in shard_folders(pairs)]


def _shard_faces(shard: Path, portraits: Portraits, landmarks: np.ndarray, mesh: LandmarkMesh) -> SameIdentityPairs:
    photo = np.load(shard / "photo.npy")
    old, new = np.load(shard / "source_coefficients.npy"), np.load(shard / "target_coefficients.npy")
    identity = portraits.identity[photo]
    own = np.stack(
        [
            _in_window(landmarks[index], portraits.pose(index), HeadPose.from_coefficients(row[EXPRESSIONS:], SIZE))
            for index, row in zip(photo, old, strict=True)
        ]
    )
    moved = np.full_like(own, np.nan)
    step = mesh.project(identity, new, SIZE) - mesh.project(identity, old, SIZE)
    moved[:, :FACE_LANDMARKS] = own[:, :FACE_LANDMARKS] + step
    target, source = _faces(shard / "target.npy", new, moved), _faces(shard / "source.npy", old, own)
    return SameIdentityPairs.aligned(target, source, 1 + (LIDS - 1) * (np.abs(new - old)[:, _LIDS].max(1) > FAR))


def _faces(pictures: Path, coefficients: np.ndarray, landmarks: np.ndarray) -> FacePhotos:
    return FacePhotos(
        pictures=np.load(pictures, mmap_mode="r"),
        landmarks=landmarks.astype(np.float32),
        boxes=np.array([face_box(face) for face in landmarks], np.float32),
        expression=coefficients[:, :EXPRESSIONS],
        poses=tuple(HeadPose.from_coefficients(row[EXPRESSIONS:], SIZE) for row in coefficients),
    )


def _in_window(points: np.ndarray, photo: HeadPose, window: HeadPose) -> np.ndarray:
    """Points of the stored photo in its window: the pose in both says how the window was cut."""
    origin, target = (pose.translation[:2] * (1, -1) for pose in (photo, window))
    return (points - origin) * (window.scale / photo.scale) + target
