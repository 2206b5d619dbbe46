"""A 3DMM of 468 vertices, one for each of MediaPipe's landmarks: small, and fitted like ICT-FaceKit's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import Delaunay

from models.bundle import DEFAULT_BUNDLE
from models.coefficients import ARKIT
from models.face3d.morphable import FACE, MOUTH_SOCKET
from training.data.correspondence import mean_face

HEIGHT_CM = 17.0
_INNER_LIPS = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]


def landmark_shape() -> np.ndarray:
    """The mean face as a dome, float32 [468, 3]: x to the picture's right, y up, z towards the viewer, centimetres."""
    flat = mean_face(DEFAULT_BUNDLE / "extractor.onnx")
    flat = (flat - (flat.min(0) + flat.max(0)) / 2) * HEIGHT_CM / np.ptp(flat[:, 1])
    return np.column_stack([flat, 9 - np.square(flat).sum(1) / 12]).astype(np.float32)


def write_landmark_head(data: Path) -> Path:
    """`ict_facekit.npz` and `mediapipe_to_ict.npz` of such a head: `jawOpen` lowers what lies below the lips."""
    rng = np.random.default_rng(0)
    mean = landmark_shape()
    triangles = Delaunay(mean[:, :2]).simplices.astype(np.int32)
    clockwise = np.linalg.det(np.diff(mean[triangles][..., :2], axis=1)) < 0
    triangles[clockwise] = triangles[clockwise, ::-1]
    waves = rng.normal(0, 0.3, (53 + 60, 3, 2)).astype(np.float32)
    smooth = 0.15 * np.sin(np.einsum("vk,nck->nvc", mean[:, :2], waves))
    expression, identity = smooth[:53], smooth[53:]
    lips = mean[13, 1]
    expression[ARKIT.index["jawOpen"]] = 0
    expression[ARKIT.index["jawOpen"], :, 1] = -2.0 * (mean[:, 1] < lips - 0.05)
    np.savez(
        data / "ict_facekit.npz",
        mean=mean,
        identity=identity,
        expression=expression,
        triangles=triangles,
        part=np.where(np.isin(triangles, _INNER_LIPS).all(1), MOUTH_SOCKET, FACE).astype(np.int8),
    )
    np.savez(data / "mediapipe_to_ict.npz", vertex=np.arange(len(mean), dtype=np.int32))
    return data
