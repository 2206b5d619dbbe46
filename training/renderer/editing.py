"""Editing stage: the editing network on pictures; mapping and warping networks keep their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from models.errors import TrainingDataError
from models.renderer import PIRenderer
from models.renderer.editing import blended
from training.options import option
from training.pairs.batches import PairBatch
from training.pairs.source import Emphasis, PairSource
from training.renderer.losses import PaintingLoss, editing_alpha
from training.renderer.stage import (
    SEEDS,
    NetworkOptions,
    adam,
    descriptor,
    fresh_renderer,
    load_init_weights,
    open_run,
    recipe,
)
from training.trainer import StepLoss, Trainer
from training.weights import averaged_weights

EMPHASIS = Emphasis({"eyeBlink": 0.3, "jawOpen": 0.45})
LOGGED_WEIGHT = 6.0  # of the pixels to paint, against all others, in the logged figures


@dataclass(frozen=True)
class EditingOptions(NetworkOptions):
    """Options of the editing stage."""

    steps: int = option(5000)
    batch_size: int = option(8)
    losses: PaintingLoss = PaintingLoss()  # noqa: RUF009  (frozen)


def editing_trainer(
    source: PairSource, out: Path, options: EditingOptions, warping: Path, start: Path | None = None
) -> Trainer[PairBatch]:
    """The trainer of the stage.

    Args:
        warping: run of the warping stage, whose averaged weights are taken.
        start: folder of an earlier run, or of a bundle, whose editing network a fresh run takes, where it fits.

    Raises:
        TrainingDataError: the preset's editing network has no gate, or a run has no state.
    """
    torch.manual_seed(options.seed)
    run = open_run(out, "editing", options, source, {"warping": warping, "start": start})
    renderer = fresh_renderer(options.preset, source.device)
    require_gate(renderer)
    load_init_weights(renderer, start)
    trained = {name: value for name, value in averaged_weights(warping).items() if not name.startswith("editing.")}
    renderer.load_state_dict(renderer.state_dict() | trained)
    warp = torch.compile(renderer.warp) if options.compile else renderer.warp
    paint = torch.compile(renderer.editing.paint) if options.compile else renderer.editing.paint
    painting_loss, picture_loss = options.losses, options.losses.pictures

    def batches(step: int) -> Iterator[PairBatch]:
        seed = options.seed * SEEDS + 1_000_000 + step
        return source.batches(EMPHASIS, options.batch_size, renderer.preset.image_size, seed)

    def loss(batch: PairBatch, step: int) -> StepLoss:  # noqa: ARG001
        with torch.autocast(source.device.type, torch.bfloat16):
            with torch.no_grad():
                _, warped, z = warp(batch.source, descriptor(renderer, batch))
            painting, gate = paint(warped, batch.source, z)
        alpha = editing_alpha(batch)

        @torch.no_grad()
        def figures(_: nn.Module) -> Mapping[str, float]:
            target = torch.lerp(warped.float(), batch.target, alpha)
            image = blended(warped.float(), painting.float(), gate.float())
            weight = 1 + (LOGGED_WEIGHT - 1) * alpha
            return {
                "image": picture_loss(image, target, weight).item(),
                "unedited": picture_loss(warped.float(), target, weight).item(),
            }

        return StepLoss(painting_loss(painting.float(), gate.float(), batch.target, alpha), at_log=figures)

    return Trainer(run, renderer, adam(renderer.editing.parameters()), recipe(options, loss, batches), options)


def require_gate(renderer: PIRenderer) -> None:
    """Raises TrainingDataError for a renderer whose editing network has no gate."""
    if not renderer.preset.editing.gated:
        raise TrainingDataError(
            f"preset {renderer.preset.name} has no gated editing network, and still photos teach no other: choose "
            "small or debug"
        )
