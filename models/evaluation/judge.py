"""The outside judge of edited faces: MediaPipe's face landmarker, which had no part in rendering them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.errors import EvaluationError


@dataclass(frozen=True)
class Reading:
    """What a judge sees in a picture.

    Attributes:
        points: MediaPipe's face landmarks, float64 [478, 2] in pixels.
        rotation: of the head in y-up camera axes, float64 [3, 3].
    """

    points: NDArray[np.float64]
    rotation: NDArray[np.float64]


class Judge(Protocol):
    """Reads the face in a picture [H, W, 3] uint8 RGB; None where it finds none."""

    def read(self, picture: NDArray[np.uint8]) -> Reading | None: ...


class MediaPipeJudge:
    """MediaPipe's face landmarker as a judge; a context manager, since it holds native memory.

    Raises EvaluationError where the package `mediapipe` (extra `judge`) or the task file is missing.
    """

    def __init__(self, task: Path) -> None:
        try:
            import mediapipe
        except ImportError as error:
            raise EvaluationError("the judge needs MediaPipe: pip install 'pirenderer-service[judge]'") from error
        if not task.is_file():
            raise EvaluationError(f"{task} is no file: point --judge at the task file of MediaPipe's face landmarker")
        self._mediapipe = mediapipe
        tasks = mediapipe.tasks
        options = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(task)),
            output_facial_transformation_matrixes=True,
            num_faces=1,
        )
        self._landmarker = tasks.vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._landmarker.close()

    def read(self, picture: NDArray[np.uint8]) -> Reading | None:
        height, width = picture.shape[:2]
        pixels = np.ascontiguousarray(picture)  # other layouts are misread without a word
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=pixels)
        result = self._landmarker.detect(image)
        if not result.face_landmarks:
            return None
        points = np.array([(p.x * width, p.y * height) for p in result.face_landmarks[0]])
        return Reading(points, np.asarray(result.facial_transformation_matrixes[0], np.float64)[:3, :3])
