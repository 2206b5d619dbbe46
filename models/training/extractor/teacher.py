"""The teacher that the extractor is distilled from: MediaPipe's face landmarker. Needed at training time only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from models.coefficients import ARKIT
from models.errors import TrainingDataError

TASK = "face_landmarker.task"
"""The teacher's file in the training data folder."""


@dataclass(frozen=True, eq=False)
class TeacherReading:
    """One face. landmarks: float32 [478, 3], pixels (x right, y down, z away). scores: float32 [53] in [0, 1], the
    teacher's blendshape scores under the names of the `arkit` space; a score without sides stands for both."""

    landmarks: np.ndarray
    scores: np.ndarray


class Teacher:
    """Reads faces; a context manager, since it holds native memory.

    Args:
        data: the training data folder, with `face_landmarker.task` in it.

    Raises:
        TrainingDataError: the package `mediapipe` (extra `judge`) or the task file is missing.
    """

    def __init__(self, data: Path) -> None:
        try:
            import mediapipe
        except ImportError as error:
            raise TrainingDataError("the teacher needs MediaPipe: pip install 'pirenderer-service[judge]'") from error
        task = data / TASK
        if not task.is_file():
            raise TrainingDataError(f"{task} is no file: point --data at the training data folder")
        self._mediapipe = mediapipe
        tasks = mediapipe.tasks
        options = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(task)), output_face_blendshapes=True, num_faces=1
        )
        self._landmarker = tasks.vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._landmarker.close()

    def read(self, picture: np.ndarray) -> TeacherReading | None:
        """The face in a picture uint8 [H, W, 3] RGB; None where the teacher finds none."""
        height, width = picture.shape[:2]
        pixels = np.ascontiguousarray(picture)  # other layouts are misread without a word
        result = self._landmarker.detect(
            self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=pixels)
        )
        if not result.face_landmarks:
            return None
        points = np.array([(p.x * width, p.y * height, p.z * width) for p in result.face_landmarks[0]], np.float32)
        scores = {category.category_name: category.score for category in result.face_blendshapes[0]}
        return TeacherReading(points, arkit_scores(scores))


def arkit_scores(scores: dict[str, float]) -> np.ndarray:
    """Scores by the teacher's names -> float32 [53] in the order of the `arkit` space, 0 where the teacher has none."""
    weights = np.zeros(len(ARKIT.expression), np.float32)
    for index, slider in enumerate(ARKIT.expression):
        both = slider.name.removesuffix("Left").removesuffix("Right")
        weights[index] = scores.get(slider.name, scores.get(both, 0.0))
    return np.clip(weights, 0, 1)
