"""Speech clips of the training data folder, opened for a dry run."""

from __future__ import annotations

from pathlib import Path

from datasets.clips import clip_files
from datasets.landmarker import TASK, Landmarker
from models.face3d.landmark_mesh import LandmarkMesh


def open_clips(data: Path) -> dict[str, list[Path]]:
    """The clips by split, after MediaPipe's landmarker and the 3DMM were opened.

    Raises:
        TrainingDataError: the clips, the landmarker or the 3DMM are missing.
    """
    LandmarkMesh.load(data)
    with Landmarker(data / TASK):
        return {split: clip_files(data, split) for split in ("train", "test")}
