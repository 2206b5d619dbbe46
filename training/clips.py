"""Speech clips of the training data folder, opened for a dry run."""

from __future__ import annotations

from pathlib import Path

from datasets.clips import clip_files
from datasets.labeller import Labeller, opened_labeller
from models.face3d.landmark_mesh import LandmarkMesh


def open_clips(data: Path, labeller: Labeller) -> dict[str, list[Path]]:
    """The clips by split, after the labeller and the 3DMM were opened.

    Raises:
        TrainingDataError: the clips, the labeller or the 3DMM are missing.
    """
    with opened_labeller(labeller, data):
        LandmarkMesh.load(data)
        return {split: clip_files(data, split) for split in ("train", "test")}
