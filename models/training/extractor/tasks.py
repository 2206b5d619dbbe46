"""What each of the two trainings consists of: material, network, loss, schedule, export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.extractor.landmarks import LANDMARKS
from models.training.extractor.backgrounds import Backgrounds
from models.training.extractor.collage import CANVAS, CollageMaker
from models.training.extractor.detector_net import DetectorNet, detector_loss
from models.training.extractor.export import export_detector, export_regressor
from models.training.extractor.face_crops import FaceCrops, face_sample
from models.training.extractor.generated import generated_faces
from models.training.extractor.loop import Batch, Schedule, Trainer
from models.training.extractor.mining import hard_negatives
from models.training.extractor.photos import FacePhotos, mirror_order
from models.training.extractor.regressor_net import RegressorLoss, RegressorNet
from models.training.extractor.shape import ANCHORS, ShapeModel, fit_shape
from models.training.extractor.targets import detector_targets

PAIRS = 0.4  # share of the regressor's samples that come from generated pairs, where there are some


def train_detector(data: Path, backgrounds: Path, out: Path, steps: int, batch: int, workers: int) -> None:
    """Train the detector on collages of the training portraits and write `out`/detector.onnx."""
    photos = FacePhotos.load(data, "train")
    maker = CollageMaker(photos, mirror_order(photos.landmarks), Backgrounds(backgrounds))

    def draw(number: int) -> dict[str, np.ndarray]:
        collage = maker.draw(np.random.default_rng((1, number)))
        boxes, points = np.reshape(collage.boxes, (-1, 4)), np.reshape(collage.points, (-1, 5, 2))
        return {"picture": collage.picture} | detector_targets(boxes, points, CANVAS)

    def loss(output: Any, targets: Batch) -> Batch:
        return detector_loss(output, targets)

    trained = Trainer(DetectorNet(), draw, loss, Schedule(steps, batch, rate=3e-3), out).run(workers)
    export_detector(trained, out / "detector.onnx")


def train_regressor(
    data: Path, backgrounds: Path, pairs: Path | None, detector: Path, out: Path, steps: int, batch: int, workers: int
) -> None:
    """Train the regressor on the training portraits, with `pairs` on those too, and write `out`/extractor.onnx.

    `detector` is the trained detector whose mistakes the regressor learns to correct.
    """
    photos = FacePhotos.load(data, "train")
    collections = [(photos, 1 - PAIRS if pairs else 1.0)]
    if pairs:
        shards = generated_faces(data, pairs)
        collections += [(shard, PAIRS / len(shards)) for shard in shards]
    faceless = Backgrounds(backgrounds)
    mistakes = hard_negatives(detector, photos, faceless)
    crops = FaceCrops(collections, mirror_order(photos.landmarks), faceless, mistakes)
    emphasis = torch.ones(LANDMARKS)
    emphasis[list(ANCHORS)] = 3
    loss = RegressorLoss(torch.from_numpy(photos.expression.std(0)), emphasis)

    def draw(number: int) -> dict[str, np.ndarray]:
        return crops.draw(np.random.default_rng((2, number)))

    network = RegressorNet(shape=_shape(photos))
    trained = Trainer(network, draw, loss, Schedule(steps, batch), out).run(workers)
    export_regressor(trained, out / "extractor.onnx")


def _shape(photos: FacePhotos) -> ShapeModel:
    """The shape model of all photos, each in a crop as training draws it."""
    rng = np.random.default_rng(0)
    samples = [face_sample(photos, index, rng, jitter=True) for index in range(len(photos))]
    return fit_shape(np.stack([s["landmarks"] for s in samples]), np.stack([s["coefficients"] for s in samples]))
