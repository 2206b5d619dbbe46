"""Training of the coefficient regressor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from datasets.backgrounds import Backgrounds
from datasets.clips import clip_faces
from datasets.photos import FacePhotos, mirror_order
from datasets.same_identity_pairs import SameIdentityPairs
from models.errors import TrainingDataError
from models.extractor.landmarks import LANDMARKS
from models.face3d.landmark_shape import ANCHORS, ShapeModel, fit_shape
from training.extractor.export import export_regressor
from training.extractor.face_crops import FaceCrops, crop_matrix, face_labels
from training.extractor.fit_expression_head import fit_expression_head
from training.extractor.fit_ridge_head import fit_ridge_head
from training.extractor.generated import generated_faces
from training.extractor.mining import hard_negatives
from training.extractor.network_training import ExtractorOptions, first_pictures, network_trainer, seeded
from training.extractor.networks.regressor import RegressorNet
from training.extractor.regressor_loss import RegressorLoss, RegressorWeights
from training.extractor.samples import Batch
from training.extractor.warm_start import load_init_weights
from training.options import option, recorded
from training.record import RunRecord
from training.run_folder import RunFolder
from training.trainer import Trainer

REGRESSOR_FILE = "extractor.onnx"

_CALIBRATION = 256  # pictures that the normalisation of an exported regressor is measured on

Collections = list[tuple[SameIdentityPairs, float]]


@dataclass(frozen=True)
class FitOptions:
    """How the parts are fitted that follow the trained network.

    Attributes:
        fitted_samples: for each of the two parts.
        fitted_photo_fraction: of the ridge head's samples. Mostly somebody unknown in a photograph is served, and one
            linear map has to choose.
        expression_alpha, expression_steps: of the expression head.
    """

    fitted_samples: int = option(12_000, "Samples that the ridge head and the expression head are fitted to.", least=1)
    fitted_photo_fraction: float = option(
        0.85, "Fraction of photographs in the samples that the ridge head is fitted to.", least=0, most=1
    )
    expression_alpha: float = option(0.5, "Weight of the expression head in the expression.", least=0, most=1)
    expression_steps: int = option(5000, "Steps of the expression head's fit.", least=1)


@dataclass(frozen=True)
class RegressorOptions(ExtractorOptions):
    """Options of the regressor's training.

    Attributes:
        pair_fraction, clip_fraction: of the samples, from generated pairs (half of them untouched photos) and from
            clips, where they are given.
        searched: face-free pictures, and portraits, that are searched for the detector's mistakes.
        shape_faces: that the shape model is fitted to.
    """

    steps: int = option(4000)
    batch_size: int = option(48, "Pictures a step; an even number, since two at a time show one person.")
    pair_fraction: float = option(0.4, "Fraction of the samples from generated pairs.", least=0, most=1)
    clip_fraction: float = option(0.08, "Fraction of the samples from clips.", least=0, most=1)
    searched: int = option(1200, "Face-free pictures, and portraits, that are searched for mistakes.", least=1)
    shape_faces: int = option(6000, "Faces that the linear shape model is fitted to.", least=1)
    losses: RegressorWeights = RegressorWeights()  # noqa: RUF009  (frozen)
    fits: FitOptions = FitOptions()


@dataclass(frozen=True)
class RegressorData:
    """What the regressor's samples are made of.

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
    pairs: Path | None = None
    clips: Path | None = None


def regressor_trainer(
    data: RegressorData, out: Path, options: RegressorOptions, start: Path | None = None
) -> Trainer[Batch]:
    """The trainer of the regressor; it fits the last two parts and writes `out`/extractor.onnx in the end.

    Args:
        start: the `state.pt` of an earlier run, or an exported extractor.onnx, to take weights from; layers that have
            changed start anew.

    Raises:
        TrainingDataError: the batch is odd: two samples at a time show one person; or data or weights are missing.
    """
    if options.batch_size % 2:
        raise TrainingDataError(
            f"--batch-size is {options.batch_size}: choose an even number, two samples at a time show one person"
        )
    torch.manual_seed(options.seed)
    photos = FacePhotos.load(data.data, "train")
    run = _run(data, out, options, start)
    collections = _collections(data, options, photos)
    faceless = Backgrounds(data.backgrounds)
    mistakes = hard_negatives(data.detector, photos, faceless, options.searched)
    mirrored = mirror_order(photos.landmarks)
    crops = FaceCrops(collections, mirrored, faceless, mistakes)
    emphasis = torch.ones(LANDMARKS)
    emphasis[list(ANCHORS)] = options.losses.anchor_emphasis
    loss = RegressorLoss(torch.from_numpy(photos.expression.std(0)), emphasis, options.losses)
    network = RegressorNet(shape=_shape(collections, options.shape_faces))
    if start is not None:
        load_init_weights(network, start, first_pictures(crops.draw, _CALIBRATION))

    def finish(trained: nn.Module) -> None:
        assert isinstance(trained, RegressorNet)
        fits, trained_on = options.fits, options.steps * options.batch_size
        unseen = range(trained_on, trained_on + fits.fitted_samples)
        photographs = FaceCrops(_mostly_photos(collections, fits.fitted_photo_fraction), mirrored, faceless, mistakes)
        fit_ridge_head(trained, seeded(photographs.draw, options.seed), unseen)
        # All collections: photographs alone hardly open their mouths.
        draw = seeded(crops.draw, options.seed)
        fit_expression_head(trained, draw, unseen, steps=fits.expression_steps, alpha=fits.expression_alpha)
        export_regressor(trained, out / REGRESSOR_FILE, mirrored)

    notes = {
        "samples": f"{len(photos)} portraits, {len(collections) - 1} shards of pairs and clips, "
        f"{len(mistakes)} mistakes of the detector",
        "fits": f"ridge head and expression head, to {options.fits.fitted_samples} samples each",
    }
    return network_trainer(
        run, network, crops.draw, loss, options, finish=finish, output_file=REGRESSOR_FILE, notes=notes
    )


def _run(data: RegressorData, out: Path, options: RegressorOptions, start: Path | None) -> RunFolder:
    mesh = (data.data / "ict_facekit.npz",) if data.pairs else ()
    inputs: dict[str, Path | tuple[Path, ...] | None] = {
        "data": (data.data / "portraits", *mesh),
        "backgrounds": data.backgrounds,
        "detector": data.detector,
        "pairs": data.pairs,
        "clips": data.clips,
        "start": start,
    }
    record = RunRecord.of("training.extractor regressor", recorded(options), inputs)
    return RunFolder(out, record, options.resume_with_changes)


def _collections(data: RegressorData, options: RegressorOptions, photos: FacePhotos) -> Collections:
    """Every collection of pairs of pictures and its fraction of the samples, the photographs first."""
    pairs = generated_faces(data.data, data.pairs) if data.pairs else []
    clips = clip_faces(data.clips) if data.clips else []
    rest = 1 - options.pair_fraction * bool(pairs) - options.clip_fraction * bool(clips)
    collections = [(SameIdentityPairs.same(photos), rest)]
    collections += [(shard, options.pair_fraction / len(pairs)) for shard in pairs]
    return collections + [(shard, options.clip_fraction / len(clips)) for shard in clips]


def _mostly_photos(collections: Collections, fraction: float) -> Collections:
    """The collections with that fraction of the samples from the first, the photographs."""
    (photos, first), *others = collections
    return [(photos, fraction), *((one, own * (1 - fraction) / (1 - first)) for one, own in others)]


def _shape(collections: Collections, faces: int) -> ShapeModel:
    """The shape model of faces as training draws them, in crops as training places them."""
    rng = np.random.default_rng(0)
    fractions = np.array([fraction for _, fraction in collections])
    labels = []
    for number in rng.choice(len(collections), faces, p=fractions / fractions.sum()):
        (photos, index), _ = collections[number][0].draw(rng)
        labels.append(face_labels(photos, index, crop_matrix(photos, index, rng, jitter=True)))
    coefficients, landmarks = (np.stack(part) for part in zip(*labels, strict=True))
    return fit_shape(landmarks, coefficients)
