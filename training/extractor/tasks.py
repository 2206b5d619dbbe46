"""What each of the two trainings consists of: material, network, loss, schedule, export."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datasets.backgrounds import Backgrounds
from datasets.clips import clip_faces
from datasets.photos import FacePhotos, mirror_order
from datasets.same_identity_pairs import Couples
from models.errors import TrainingDataError
from models.extractor.landmarks import LANDMARKS
from models.face3d.landmark_shape import ANCHORS, ShapeModel, fit_shape
from training.extractor.collage import CANVAS, CollageMaker
from training.extractor.detector_net import DetectorNet, detector_loss
from training.extractor.export import export_detector, export_regressor
from training.extractor.face_crops import FaceCrops, crop_matrix, face_labels
from training.extractor.fit_expression_head import fit_readout
from training.extractor.fit_ridge_head import solve_polish
from training.extractor.generated import generated_faces
from training.extractor.loop import Batch, Schedule, Trainer, as_input
from training.extractor.mining import hard_grounds, hard_negatives
from training.extractor.regressor_loss import RegressorLoss
from training.extractor.regressor_net import RegressorNet
from training.extractor.targets import detector_targets
from training.extractor.warm_start import adopt

logger = logging.getLogger(__name__)

PAIRS, CLIPS = 0.4, 0.08
"""Shares of the regressor's samples from generated pairs (half of them untouched photos) and from clips, if given."""

FITTED_SAMPLES = 12_000
"""For each of the two parts that are fitted to the trained network."""

POLISH_PHOTOS = 0.85
"""Share of photographs in what the last layer is solved for: somebody new in a photo is what the product is asked to
read most, and one linear map has to choose."""

SHAPE_FACES = 6000  # that the shape model is fitted to


@dataclass(frozen=True)
class RegressorMaterial:
    """Where the regressor's samples come from.

    Attributes:
        data: the training data folder, with portraits/ in it.
        backgrounds: folder of pictures without faces.
        detector: the trained detector, whose mistakes the regressor learns to correct.
        pairs: folder of generated pairs, or None.
        clips: folder of labelled clips, or None.
    """

    data: Path
    backgrounds: Path
    detector: Path
    pairs: Path | None
    clips: Path | None


def train_detector(
    data: Path,
    backgrounds: Path,
    out: Path,
    schedule: Schedule,
    workers: int,
    earlier: Path | None,
    start: Path | None,
) -> None:
    """Train the detector on collages of the training portraits and write `out`/detector.onnx.

    Args:
        earlier: an earlier detector.onnx; face-free pictures in which it sees faces are shown more often.
        start: the `state.pt` of an earlier run, or an exported detector.onnx, to take weights from.
    """
    photos, faceless = FacePhotos.load(data, "train"), Backgrounds(backgrounds)
    hard = hard_grounds(earlier, faceless) if earlier else np.zeros((0, CANVAS, CANVAS, 3), np.uint8)
    logger.info("%d hard grounds", len(hard))
    maker = CollageMaker(photos, mirror_order(photos.landmarks), faceless, hard)

    def draw(number: int) -> dict[str, np.ndarray]:
        collage = maker.draw(np.random.default_rng((1, number)))
        boxes, points = np.reshape(collage.boxes, (-1, 4)), np.reshape(collage.points, (-1, 5, 2))
        return {"picture": collage.picture} | detector_targets(boxes, points, CANVAS)

    def loss(output: Any, targets: Batch) -> Batch:
        return detector_loss(output, targets)

    network = DetectorNet()
    if start is not None:
        adopt(network, start, _pictures(draw, 64))
    trained = Trainer(network, draw, loss, schedule, out).run(workers)
    export_detector(trained, out / "detector.onnx")


def train_regressor(
    material: RegressorMaterial, out: Path, schedule: Schedule, workers: int, start: Path | None
) -> None:
    """Train the regressor and write `out`/extractor.onnx.

    Args:
        start: the `state.pt` of an earlier run, or an exported extractor.onnx, to take weights from; layers that have
            changed start anew.

    Raises:
        TrainingDataError: the batch is odd: its samples come in couples.
    """
    if schedule.batch % 2:
        raise TrainingDataError(f"--batch is {schedule.batch}: choose an even number, samples come in couples")
    photos = FacePhotos.load(material.data, "train")
    couples = _couples(material, photos)
    faceless = Backgrounds(material.backgrounds)
    mistakes = hard_negatives(material.detector, photos, faceless)
    logger.info("%d collections, %d mistakes of the detector", len(couples), len(mistakes))
    mirrored = mirror_order(photos.landmarks)
    crops = FaceCrops(couples, mirrored, faceless, mistakes)
    emphasis = torch.ones(LANDMARKS)
    emphasis[list(ANCHORS)] = 3
    loss = RegressorLoss(torch.from_numpy(photos.expression.std(0)), emphasis)
    network = RegressorNet(shape=_shape(couples))
    if start is not None:
        adopt(network, start, _pictures(crops.draw, 256))
    trained = Trainer(network, crops.draw, loss, schedule, out).run(workers)
    assert isinstance(trained, RegressorNet)
    seen = schedule.steps * schedule.batch
    polished = FaceCrops(_mostly_photos(couples), mirrored, faceless, mistakes)
    solve_polish(trained, polished.draw, range(seen, seen + FITTED_SAMPLES))
    fit_readout(trained, crops.draw, range(seen, seen + FITTED_SAMPLES))  # photographs alone hardly open their mouths
    export_regressor(trained, out / "extractor.onnx", mirrored)


def _pictures(draw: Callable[[int], dict[str, np.ndarray]], count: int) -> Iterator[Tensor]:
    """One batch of `count` training pictures."""
    yield as_input(torch.from_numpy(np.stack([draw(number)["picture"] for number in range(count)])))


def _couples(material: RegressorMaterial, photos: FacePhotos) -> list[tuple[Couples, float]]:
    """Every collection and its share of the samples."""
    pairs = generated_faces(material.data, material.pairs) if material.pairs else []
    clips = clip_faces(material.clips) if material.clips else []
    rest = 1 - PAIRS * bool(pairs) - CLIPS * bool(clips)
    shares = [(Couples.same(photos), rest)]
    shares += [(shard, PAIRS / len(pairs)) for shard in pairs]
    return shares + [(shard, CLIPS / len(clips)) for shard in clips]


def _mostly_photos(couples: list[tuple[Couples, float]]) -> list[tuple[Couples, float]]:
    """The collections with `POLISH_PHOTOS` of the samples from the first, the photographs."""
    (photos, first), *others = couples
    return [(photos, POLISH_PHOTOS), *((one, share * (1 - POLISH_PHOTOS) / (1 - first)) for one, share in others)]


def _shape(couples: list[tuple[Couples, float]]) -> ShapeModel:
    """The shape model of faces as training draws them, in crops as training places them."""
    rng = np.random.default_rng(0)
    shares = np.array([share for _, share in couples])
    labels = []
    for number in rng.choice(len(couples), SHAPE_FACES, p=shares / shares.sum()):
        (photos, index), _ = couples[number][0].draw(rng)
        labels.append(face_labels(photos, index, crop_matrix(photos, index, rng, jitter=True)))
    coefficients, landmarks = (np.stack(part) for part in zip(*labels, strict=True))
    return fit_shape(landmarks, coefficients)
