"""Refinement stage: all networks together, until the extractor finds in a rendered picture what it finds in the target.

The first two stages know a pair's flow and its picture, both of a fitted mesh. What a fit hardly shows, a squint or the
corners of a mouth, they hardly teach. Here half of every batch are two real pictures of one person, whose coefficients
are what the extractor finds in them, as when a video is reenacted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from models.face3d.landmark_mesh import EXPRESSIONS
from models.renderer.editing import blended
from training.options import option
from training.pairs.batches import PairBatch
from training.pairs.source import Emphasis, PairSource
from training.renderer.editing import require_gate
from training.renderer.extractor_loss import ExtractorLoss, FrozenExtractor
from training.renderer.losses import FlowLoss, PaintingLoss, editing_alpha
from training.renderer.stage import (
    SEEDS,
    NetworkOptions,
    adam,
    descriptor,
    fresh_renderer,
    joined,
    load_init_weights,
    open_run,
    recipe,
)
from training.trainer import StepLoss, Trainer

EMPHASIS = Emphasis(
    {
        "jawOpen": 0.1,
        "eyeBlink": 0.1,
        "browInnerUp": 0.1,
        "mouthPucker": 0.05,
        "mouthSmile": 0.05,
        "mouthFrown": 0.04,
        "eyeSquint": 0.04,
        "eyeWide": 0.03,
        "eyeLookIn": 0.04,
        "eyeLookOut": 0.04,
        "eyeLookUp": 0.03,
        "eyeLookDown": 0.02,
    },
    still=True,
)


@dataclass(frozen=True)
class RefinementOptions(NetworkOptions):
    """Options of the refinement stage."""

    steps: int = option(3000)
    batch_size: int = option(8)
    flows: FlowLoss = FlowLoss()  # noqa: RUF009  (frozen)
    paintings: PaintingLoss = PaintingLoss()  # noqa: RUF009
    features: ExtractorLoss = ExtractorLoss()  # noqa: RUF009
    flow_weight: float = option(1.0, "Weight of the flow's loss.")
    painting_weight: float = option(1.0, "Weight of the painting's loss.")
    extractor_weight: float = option(1.0, "Weight of the extractor's loss.")


def refinement_trainer(
    generated: PairSource, real: PairSource, out: Path, options: RefinementOptions, editing: Path, extractor: Path
) -> Trainer[PairBatch]:
    """The trainer of the stage.

    Args:
        generated: pairs whose coefficients are known; half of each batch.
        real: pairs of two real pictures.
        editing: the run of the editing stage, or a bundle, to begin with.
        extractor: the trained regressor, a bundle's `extractor.onnx` or a run's `state.pt`.

    Raises:
        TrainingDataError: the preset's editing network has no gate, or a file is of something else.
    """
    torch.manual_seed(options.seed)
    inputs = {f"real_{name}": path for name, path in real.inputs.items()}
    run = open_run(out, "refinement", options, generated, {**inputs, "editing": editing, "extractor": extractor})
    renderer = fresh_renderer(options.preset, generated.device)
    require_gate(renderer)
    load_init_weights(renderer, editing)
    flow_of = torch.compile(renderer.flow) if options.compile else renderer.flow
    paint = torch.compile(renderer.editing.paint) if options.compile else renderer.editing.paint
    size, known = renderer.preset.image_size, options.batch_size - options.batch_size // 2
    frozen = FrozenExtractor.load(
        extractor, next(generated.batches(EMPHASIS, options.batch_size, size, options.seed * SEEDS)).source
    )

    def batches(step: int) -> Iterator[PairBatch]:
        seed = options.seed * SEEDS + step
        streams = (
            generated.batches(EMPHASIS, known, size, 3_000_000 + seed),
            real.batches(Emphasis(), options.batch_size - known, size, 4_000_000 + seed),
        )
        return map(joined, *streams)

    def loss(batch: PairBatch, _: int) -> StepLoss:
        with torch.no_grad():
            target = frozen.features(batch.target)
            source_found, target_found = frozen.features(batch.source[known:]).bounded, target.bounded[known:]
            as_found = _with_found(batch, source_found, target_found)
        with torch.autocast(generated.device.type, torch.bfloat16):
            flow, z = flow_of(batch.source, descriptor(renderer, as_found))
            warped = renderer.move(batch.source, flow)
            painting, gate = paint(warped, batch.source, z)
        found = frozen.features(blended(warped.float(), painting.float(), gate.float()))
        alpha = editing_alpha(batch)
        parts = {
            "flow": options.flow_weight * options.flows(flow, batch),
            "painting": options.painting_weight
            * options.paintings(painting.float(), gate.float(), batch.target, alpha),
            "extractor": options.extractor_weight * options.features(found, target),
        }
        errors = {
            "real": _distance(found.bounded[known:], target_found),
            "copied": _distance(source_found, target_found),
        }
        return StepLoss(torch.stack(list(parts.values())).sum(), parts | errors)

    return Trainer(run, renderer, adam(renderer.parameters()), recipe(options, loss, batches), options)


def _with_found(batch: PairBatch, source: Tensor, target: Tensor) -> PairBatch:
    """The batch with what the extractor found in its last pictures, [R, 59] each, in place of their coefficients."""
    known = len(batch.source) - len(source)
    return replace(
        batch,
        source_coefficients=torch.cat([batch.source_coefficients[:known], source]),
        target_coefficients=torch.cat([batch.target_coefficients[:known], target]),
    )


def _distance(found: Tensor, target: Tensor) -> Tensor:
    """AED of coefficients [R, 59]: mean absolute difference of the expression weights."""
    return (found - target)[:, :EXPRESSIONS].abs().mean()
