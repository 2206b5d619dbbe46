"""Everything that is measured of an extractor on held-out people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datasets.landmarker import TASK, Landmarker
from evaluation.extractor_clips import evaluate_clip, tremor
from evaluation.extractor_photos import PortraitScores, count_false_faces, evaluate_portraits, measure_speed
from evaluation.photos import Photo
from models.errors import NoFaceError
from models.extractor import Extractor
from models.face3d.landmark_mesh import LandmarkMesh

THREADS = 2
"""CPU threads that the speed is measured with."""


@dataclass(frozen=True, eq=False)
class ExtractorReport:
    """Everything measured on one extractor.

    Attributes:
        portraits: see `PortraitScores`.
        false_faces: on face-free pictures that show none; None where there were no pictures to search.
        clips: clip -> channel -> correlation, see `evaluate_clip`.
        stills: `tremor` of each still.
        milliseconds: of detection and regression, median.
        megabytes: file -> size.
        unmeasured: clip or still -> why.
    """

    portraits: PortraitScores
    false_faces: int | None
    clips: Mapping[str, Mapping[str, float]]
    stills: Sequence[Mapping[str, float]]
    milliseconds: Mapping[str, float]
    megabytes: Mapping[str, float]
    unmeasured: Mapping[str, str] = field(default_factory=dict)


def evaluate_extractor(
    detector: Path,
    regressor: Path,
    data: Path,
    stills: Sequence[Photo],
    clips: Iterable[Path],
    faceless: Path | None = None,
) -> ExtractorReport:
    """Measure two ONNX files.

    Args:
        data: the training data folder; its test split is read.
        stills: photos to show as videos. clips: speech, one face each.
        faceless: folder of pictures without faces that no training has seen; None leaves false faces out.

    Raises:
        EvaluationError, TrainingDataError, BundleError: something that is needed is missing or unusable.
    """
    extractor = Extractor(detector, regressor, threads=THREADS)
    unmeasured: dict[str, str] = {}
    steadiness: list[dict[str, float]] = []
    for photo in stills:
        try:
            steadiness.append(tremor(extractor, photo.picture))
        except NoFaceError as error:
            unmeasured[f"photo {photo.number}"] = str(error)
    speech: dict[str, dict[str, float]] = {}
    mesh = LandmarkMesh.load(data)
    with Landmarker(data / TASK) as teacher:
        for clip in clips:
            try:
                speech[clip.name] = evaluate_clip(extractor, teacher, mesh, clip)
            except NoFaceError as error:
                unmeasured[clip.name] = str(error)
    return ExtractorReport(
        portraits=evaluate_portraits(extractor, data),
        false_faces=None if faceless is None else count_false_faces(extractor, faceless),
        clips=speech,
        stills=steadiness,
        milliseconds=measure_speed(extractor, stills[0].picture),
        megabytes={path.name: path.stat().st_size / 1e6 for path in (detector, regressor)},
        unmeasured=unmeasured,
    )
