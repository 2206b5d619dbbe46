"""This project's extractor in MediaPipe's place: labels for those who have no MediaPipe, coarser than its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from models.extractor import CROP, square_crop
from models.extractor.extractor import Extractor
from models.extractor.landmarks import FACE_LANDMARKS, LANDMARKS
from models.face3d.fitting import PRIOR
from models.face3d.landmark_mesh import EXPRESSIONS, LandmarkMesh
from models.face3d.pose import HeadPose


class ExtractorReader:
    """Reads faces with the networks of a bundle in the space `arkit`.

    Their coefficients stand for MediaPipe's scores. They find no depth: that of the 3DMM's mean head is taken.

    Args:
        mesh: the 3DMM at the landmarks.
    """

    def __init__(self, extractor: Extractor, mesh: LandmarkMesh) -> None:
        self._extractor, self._mesh = extractor, mesh

    def read(self, picture: NDArray[np.uint8]) -> FaceReading | None:
        """The largest face in a picture uint8 [H, W, 3] RGB; None where there is none."""
        faces = self._extractor.detect(picture)
        if not faces:
            return None
        crop = square_crop(faces[0].box)
        seen = self._extractor.extract(crop.cut(picture, CROP))
        expression, pose = (
            seen.coefficients[:EXPRESSIONS],
            HeadPose.from_coefficients(seen.coefficients[EXPRESSIONS:], crop.side),
        )
        landmarks = np.zeros((LANDMARKS, 3), np.float32)
        landmarks[:, :2] = seen.landmarks * crop.side + (crop.x, crop.y)
        shape = self._mesh.mean + np.tensordot(expression, self._mesh.expression, 1)
        landmarks[:FACE_LANDMARKS, 2] = -pose.scale * (shape @ pose.rotation.T)[:, 2]
        # A fit draws expressions to a fraction of MediaPipe's scores, which run high.
        scores = np.clip(expression / PRIOR, 0, 1).astype(np.float32)
        return FaceReading(landmarks, scores, pose.rotation)
