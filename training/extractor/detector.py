"""Training of the face detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos, mirror_order
from training.extractor.collage import CANVAS, CollageMaker
from training.extractor.detector_loss import DetectorLoss
from training.extractor.export import export_detector
from training.extractor.mining import hard_grounds
from training.extractor.network_training import ExtractorOptions, first_pictures, network_trainer
from training.extractor.networks.detector import DetectorNet
from training.extractor.samples import Batch
from training.extractor.targets import detector_targets
from training.extractor.warm_start import load_init_weights
from training.options import option, recorded
from training.record import RunRecord
from training.run_folder import RunFolder
from training.trainer import Trainer

DETECTOR_FILE = "detector.onnx"

_CALIBRATION = 64  # pictures that the normalisation of an exported detector is measured on


@dataclass(frozen=True)
class DetectorOptions(ExtractorOptions):
    """Options of the detector's training.

    Attributes:
        searched: face-free pictures that are searched for false faces of an earlier detector.
    """

    steps: int = option(1500)
    batch_size: int = option(24)
    learning_rate: float = option(3e-3)
    searched: int = option(
        4000, "Face-free pictures that are searched for false faces of an earlier detector.", least=1
    )
    losses: DetectorLoss = DetectorLoss()  # noqa: RUF009  (frozen)


@dataclass(frozen=True)
class DetectorData:
    """What the detector's samples are made of.

    Attributes:
        data: the training data folder, with portraits/ in it.
        backgrounds: folder of pictures without faces.
        earlier: an earlier detector.onnx; face-free pictures in which it finds faces are drawn more often.
    """

    data: Path
    backgrounds: Path
    earlier: Path | None = None


def detector_trainer(
    data: DetectorData, out: Path, options: DetectorOptions, start: Path | None = None
) -> Trainer[Batch]:
    """The trainer of the detector on collages of the training portraits; it writes `out`/detector.onnx in the end.

    Args:
        start: the `state.pt` of an earlier run, or an exported detector.onnx, to take weights from.

    Raises:
        TrainingDataError: portraits, pictures or weights are missing.
    """
    torch.manual_seed(options.seed)
    photos, faceless = FacePhotos.load(data.data, "train"), Backgrounds(data.backgrounds)
    inputs = {"data": data.data / "portraits", "backgrounds": data.backgrounds, "earlier": data.earlier, "start": start}
    record = RunRecord.of("training.extractor detector", recorded(options), inputs)
    run = RunFolder(out, record, options.resume_with_changes)
    hard = (
        hard_grounds(data.earlier, faceless, options.searched)
        if data.earlier
        else np.zeros((0, CANVAS, CANVAS, 3), np.uint8)
    )
    maker = CollageMaker(photos, mirror_order(photos.landmarks), faceless, hard)

    def draw(number: int) -> dict[str, np.ndarray]:
        collage = maker.draw(np.random.default_rng((1, number)))
        boxes, points = np.reshape(collage.boxes, (-1, 4)), np.reshape(collage.points, (-1, 5, 2))
        return {"picture": collage.picture} | detector_targets(boxes, points, CANVAS)

    def finish(trained: nn.Module) -> None:
        export_detector(trained, out / DETECTOR_FILE)

    network = DetectorNet()
    if start is not None:
        load_init_weights(network, start, first_pictures(draw, _CALIBRATION))
    notes = {"samples": f"collages of {len(photos)} portraits; {len(hard)} pictures that mislead the earlier detector"}
    return network_trainer(
        run, network, draw, options.losses, options, finish=finish, output_file=DETECTOR_FILE, notes=notes
    )
