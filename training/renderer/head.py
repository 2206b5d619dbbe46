"""Head stage: the mean head that `RigidHead` turns, fitted to the known flow of heads that turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from models.renderer.head import POSE, RigidHead
from training.options import option
from training.pairs.batches import PairBatch
from training.pairs.source import Emphasis, PairSource
from training.renderer.stage import SEEDS, StageOptions, open_run, recipe
from training.trainer import StepLoss, Trainer

RESOLUTION = 32  # of the pictures in the batches, which this stage does not use


@dataclass(frozen=True)
class HeadLoss:
    """Distance from the known flow, and how rough the maps are: what few pictures show should be smooth."""

    off_mesh_weight: float = option(
        0.3, "Weight of the flow outside of the face's mesh, where it is an extension and no fact."
    )
    depth_weight: float = option(4.0, "Weight of the depth's second differences, squared.")
    head_mask_weight: float = option(0.002, "Weight of the first differences, squared, of what moves with the head.")

    def flow_error(self, head: RigidHead, batch: PairBatch) -> Tensor:
        """Mean distance from the known flow, in pixels of 256."""
        poses = (batch.source_coefficients[:, -POSE:], batch.target_coefficients[:, -POSE:])
        turn, mask = head(*poses, batch.flow.shape[-1])
        flow = turn * torch.sigmoid(mask) * (256 / batch.flow.shape[-1])
        weight = self.off_mesh_weight + (1 - self.off_mesh_weight) * batch.mesh
        return ((flow - batch.flow).abs() * weight).mean()

    def roughness(self, head: RigidHead) -> Tensor:
        """The weighted differences of neighbouring cells."""
        bends = sum(head.depth.diff(n=2, dim=dim).square().mean() for dim in (2, 3))
        steps = sum(head.hold.diff(dim=dim).square().mean() for dim in (2, 3))
        return torch.as_tensor(self.depth_weight * bends + self.head_mask_weight * steps)


@dataclass(frozen=True)
class HeadOptions(StageOptions):
    """Options of the head stage."""

    steps: int = option(1500)
    batch_size: int = option(48)
    learning_rate: float = option(1e-2)
    losses: HeadLoss = HeadLoss()


def head_trainer(source: PairSource, out: Path, options: HeadOptions) -> Trainer[PairBatch]:
    """Fit the maps alone, in minutes; the warping stage starts from `out` and trains them on with everything else.

    From nothing, all at once, the networks would learn the turning of heads before the maps have found it.
    """
    torch.manual_seed(options.seed)
    run = open_run(out, "head", options, source, {})
    head = RigidHead().to(source.device)

    def batches(step: int) -> Iterator[PairBatch]:
        return source.batches(Emphasis(), options.batch_size, RESOLUTION, options.seed * SEEDS + 2_000_000 + step)

    def loss(batch: PairBatch, _: int) -> StepLoss:
        error = options.losses.flow_error(head, batch)
        return StepLoss(error + options.losses.roughness(head), {"error": error})

    model = nn.ModuleDict({"rigid_head": head})
    return Trainer(run, model, torch.optim.Adam(head.parameters()), recipe(options, loss, batches), options)
