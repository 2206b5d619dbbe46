"""Warping stage: mapping and warping networks on the known flow (paper, section 4).

The paper trains everything in its second stage, because only pictures teach its flow. Here the flow is known, so that
this stage settles the mapping and warping networks and `training.renderer.editing` trains the editing network alone.
`training.renderer.refinement` then trains all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.renderer import PIRenderer
from training.options import option
from training.pairs.batches import PairBatch
from training.pairs.source import Emphasis, PairSource
from training.renderer.losses import FlowLoss
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

STATISTICS = 2000  # pairs that the coefficients' centre and scale are taken from
EMPHASIS = Emphasis(
    {
        "browInnerUp": 0.15,
        "browDown": 0.05,
        "eyeBlink": 0.1,
        "jawOpen": 0.1,
        "mouthSmile": 0.05,
        "mouthPucker": 0.05,
    },
    still=True,  # a turning head drowns what lids and brows do
)


@dataclass(frozen=True)
class WarpingOptions(NetworkOptions):
    """Options of the warping stage."""

    steps: int = option(8000)
    losses: FlowLoss = FlowLoss()  # noqa: RUF009  (frozen)


def warping_trainer(
    source: PairSource, out: Path, options: WarpingOptions, start: Path | None = None
) -> Trainer[PairBatch]:
    """The trainer of the stage.

    Args:
        start: folder of an earlier run, or of a bundle, whose weights a fresh run takes, where they fit.
    """
    torch.manual_seed(options.seed)
    run = open_run(out, "warping", options, source, {"start": start})
    renderer = fresh_renderer(options.preset, source.device)
    _set_statistics(renderer, source.coefficients(STATISTICS))
    load_init_weights(renderer, start)
    flow_of = torch.compile(renderer.flow) if options.compile else renderer.flow
    size = renderer.preset.warping.input_size

    def batches(step: int) -> Iterator[PairBatch]:
        return source.batches(EMPHASIS, options.batch_size, size, options.seed * SEEDS + step)

    def loss(batch: PairBatch, step: int) -> StepLoss:  # noqa: ARG001
        with torch.autocast(source.device.type, torch.bfloat16):
            flow, _ = flow_of(batch.source, descriptor(renderer, batch))
        flow_loss = options.losses(flow, batch)
        return StepLoss(flow_loss, {"flow": flow_loss})

    optimiser = adam([*renderer.mapping.parameters(), *renderer.warping.parameters()])
    return Trainer(run, renderer, optimiser, recipe(options, loss, batches), options)


def _set_statistics(renderer: PIRenderer, values: np.ndarray) -> None:
    """Centre and scale of the coefficients, from pairs' own [N, 59]."""
    renderer.mean.copy_(torch.from_numpy(values.mean(0)))
    renderer.deviation.copy_(torch.from_numpy(values.std(0) + 0.05))  # rare sliders must not explode
