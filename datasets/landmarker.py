"""MediaPipe's face landmarker: the teacher that the extractor is distilled from, and the judge of edited faces.

Needed for training and evaluation only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.coefficients import ARKIT
from models.errors import TrainingDataError

TASK = "face_landmarker.task"
"""The landmarker's file in the training data folder."""


@dataclass(frozen=True, eq=False)
class FaceReading:
    """One face.

    Attributes:
        landmarks: float32 [478, 3], pixels (x right, y down, z away).
        scores: float32 [53] in [0, 1], MediaPipe's blendshape scores under the names of the `arkit` space; a score
            without sides stands for both.
        rotation: of the head in y-up camera axes, float64 [3, 3].
    """

    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    rotation: NDArray[np.float64]


class FaceReader(Protocol):
    """Whatever reads the landmarks and scores of a face."""

    def read(self, picture: NDArray[np.uint8]) -> FaceReading | None:
        """The face in a picture uint8 [H, W, 3] RGB; None where there is none."""


class Landmarker:
    """Reads faces; a context manager, since it holds native memory.

    Args:
        task: the task file of MediaPipe's face landmarker.
        most: how many faces of a picture to look for.

    Raises:
        TrainingDataError: the package `mediapipe` (extra `judge`) or the task file is missing.
    """

    def __init__(self, task: Path, most: int = 1) -> None:
        if not task.is_file():
            raise TrainingDataError(f"{task} is no file: it should be MediaPipe's face landmarker, {TASK} of the data")
        try:
            import mediapipe
        except ImportError as error:
            raise TrainingDataError("MediaPipe is missing: pip install 'pirenderer-service[judge]'") from error
        self._mediapipe = mediapipe
        tasks = mediapipe.tasks
        options = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(task)),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            num_faces=most,
        )
        self._landmarker = tasks.vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._landmarker.close()

    def read(self, picture: NDArray[np.uint8]) -> FaceReading | None:
        """The face in a picture uint8 [H, W, 3] RGB; None where MediaPipe finds none."""
        found = self.faces(picture)
        return found[0] if found else None

    def faces(self, picture: NDArray[np.uint8]) -> list[FaceReading]:
        """All faces in such a picture, at most as many as are looked for."""
        height, width = picture.shape[:2]
        pixels = np.ascontiguousarray(picture)  # other layouts are misread without a word
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=pixels)
        result = self._landmarker.detect(image)
        rows = zip(result.face_landmarks, result.face_blendshapes, result.facial_transformation_matrixes, strict=True)
        return [
            FaceReading(
                np.array([(p.x * width, p.y * height, p.z * width) for p in points], np.float32),
                arkit_scores({category.category_name: category.score for category in scores}),
                np.asarray(matrix, np.float64)[:3, :3],
            )
            for points, scores, matrix in rows
        ]


def arkit_scores(scores: dict[str, float]) -> NDArray[np.float32]:
    """Scores by MediaPipe's names -> float32 [53] in the order of the `arkit` space, 0 where it has none."""
    weights = np.zeros(len(ARKIT.expression), np.float32)
    for index, slider in enumerate(ARKIT.expression):
        both = slider.name.removesuffix("Left").removesuffix("Right")
        weights[index] = scores.get(slider.name, scores.get(both, 0.0))
    return np.clip(weights, 0, 1)
