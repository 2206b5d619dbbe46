"""Who labels pictures of faces: MediaPipe, or this project's own extractor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from datasets.extractor_reader import ExtractorReader
from datasets.landmarker import TASK, FaceReader, Landmarker
from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.errors import TrainingDataError
from models.face3d.landmark_mesh import LandmarkMesh

Labeller = Literal["mediapipe", "extractor"]
LABELLER_HELP = "Who reads landmarks and scores: MediaPipe, or this project's own extractor, which is coarser."


@contextmanager
def opened_labeller(labeller: Labeller, data: Path, task: Path | None = None) -> Iterator[FaceReader]:
    """The labeller, until the context ends.

    Args:
        data: the training data folder; the extractor takes the depth of its 3DMM.
        task: MediaPipe's task file; DATA/face_landmarker.task if not given.

    Raises:
        TrainingDataError: MediaPipe, its task file or the 3DMM is missing.
    """
    if labeller == "extractor":
        yield ExtractorReader(load_extractor(open_bundle(DEFAULT_BUNDLE), threads=1), LandmarkMesh.load(data))
        return
    try:
        landmarker = Landmarker(task or data / TASK)
    except TrainingDataError as error:
        raise TrainingDataError(f"{error}; or label with --labeller extractor, which is coarser") from error
    with landmarker:
        yield landmarker
