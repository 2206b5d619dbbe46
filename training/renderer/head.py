"""Stage nought: the mean head that `RigidHead` turns, fitted to the known flow of heads that turn."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.renderer.head import POSE, RigidHead
from training.pairs.batches import Batch
from training.pairs.source import Emphasis, Material
from training.renderer.losses import OFF_MESH_WEIGHT
from training.renderer.stage import LOG_EVERY, Schedule, remaining
from training.run import Run

RESOLUTION = 32  # of the pictures in the batches, which nobody looks at
ROUGH_DEPTH, ROUGH_HOLD = 4.0, 0.002
"""Weights of the depth's second differences, squared, and of the hold's first: what few pictures show is smooth."""


def train_head(material: Material, out: Path, schedule: Schedule) -> None:
    """Fit the maps alone, in minutes; `train_warping` starts from `out` and trains them on with everything else.

    From nothing, all at once, the networks would learn the turning of heads before the maps have found it.
    """
    head = RigidHead().to(material.device)
    run = Run(out, nn.ModuleDict({"rigid_head": head}), torch.optim.Adam(head.parameters()))
    batches = material.batches(Emphasis(), schedule.batch_size, RESOLUTION, seed=2_000_000 + run.step)
    for batch in remaining(run, batches, schedule):
        error = _error(head, batch)
        run.advance(error + _roughness(head), schedule.rate(run.step))
        if run.step % LOG_EVERY == 0:
            run.log(error=error.item())


def _error(head: RigidHead, batch: Batch) -> Tensor:
    """Mean distance from the known flow, in pixels of 256."""
    poses = (batch.source_coefficients[:, -POSE:], batch.target_coefficients[:, -POSE:])
    turn, hold = head(*poses, batch.flow.shape[-1])
    flow = turn * torch.sigmoid(hold) * (256 / batch.flow.shape[-1])
    return ((flow - batch.flow).abs() * (OFF_MESH_WEIGHT + (1 - OFF_MESH_WEIGHT) * batch.mesh)).mean()


def _roughness(head: RigidHead) -> Tensor:
    bends = sum(head.depth.diff(n=2, dim=dim).square().mean() for dim in (2, 3))
    steps = sum(head.hold.diff(dim=dim).square().mean() for dim in (2, 3))
    return torch.as_tensor(ROUGH_DEPTH * bends + ROUGH_HOLD * steps)
