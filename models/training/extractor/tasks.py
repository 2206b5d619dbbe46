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
from models.training.extractor.photos import FacePhotos, mirror_order
from models.training.extractor.regressor_net import RegressorLoss, RegressorNet
from models.training.extractor.targets import detector_targets

PAIRS = 0.4  # share of the regressor's samples that come from generated pairs, where there are some
LIPS = (
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87, 146, 91, 321, 375,
    185, 40, 270, 409, 191, 80, 81, 310, 311, 415, 95, 88, 178, 402, 318, 324,
)  # fmt: skip
EYES = (
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 7, 163, 145, 154, 155, 173, 157, 159, 161, 246,
    249, 390, 374, 381, 382, 398, 384, 386, 388, 466,
)  # fmt: skip
BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 336, 296, 334, 293, 300, 285, 295, 282, 283, 276)
IRISES = tuple(range(468, LANDMARKS))


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
    data: Path, backgrounds: Path, pairs: Path | None, out: Path, steps: int, batch: int, workers: int
) -> None:
    """Train the regressor on the training portraits, with `pairs` on those too, and write `out`/extractor.onnx."""
    photos = FacePhotos.load(data, "train")
    collections = [(photos, 1 - PAIRS if pairs else 1.0)]
    if pairs:
        shards = generated_faces(data, pairs)
        collections += [(shard, PAIRS / len(shards)) for shard in shards]
    crops = FaceCrops(collections, mirror_order(photos.landmarks), Backgrounds(backgrounds))
    emphasis = torch.ones(LANDMARKS)
    emphasis[list(LIPS + EYES + BROWS + IRISES)] = 3
    loss = RegressorLoss(torch.from_numpy(photos.expression.std(0)), emphasis)

    def draw(number: int) -> dict[str, np.ndarray]:
        return crops.draw(np.random.default_rng((2, number)))

    network = RegressorNet(mean=_mean(photos))
    trained = Trainer(network, draw, loss, Schedule(steps, batch), out).run(workers)
    export_regressor(trained, out / "extractor.onnx")


def _mean(photos: FacePhotos) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean landmarks [478, 2] and coefficients [59]: where training starts."""
    rng = np.random.default_rng(0)
    samples = [face_sample(photos, index, rng, jitter=False) for index in range(0, len(photos), 10)]
    landmarks, coefficients = (np.mean([s[name] for s in samples], 0) for name in ("landmarks", "coefficients"))
    return torch.from_numpy(landmarks), torch.from_numpy(coefficients)
