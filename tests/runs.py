"""Runs of tiny networks."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from training.averaging import Decay, Growing
from training.options import TrainingOptions
from training.record import RunRecord
from training.run_folder import RunFolder
from training.schedules import LinearDecay
from training.trainer import Recipe, StepLoss, Trainer


def linear_trainer(
    folder: Path,
    options: TrainingOptions,
    *,
    model: nn.Module | None = None,
    optimiser: torch.optim.Optimizer | None = None,
    decay: Decay | None = None,
    leads: bool = True,
) -> Trainer[Tensor]:
    """A trainer that makes a linear layer's outputs of ones small, or does so for another model."""
    torch.manual_seed(0)
    trained = model or nn.Linear(2, 1)

    def loss(batch: Tensor, _: int) -> StepLoss:
        squared = trained(batch).square().mean()
        return StepLoss(squared, {"squared": squared})

    recipe = Recipe(
        loss,
        batches=lambda step: iter(lambda: torch.full((4, 2), 1.0 + step), None),
        learning_rate=LinearDecay(options.learning_rate, options.steps, warmup=1),
        decay=decay or Growing(0.999),
    )
    run = RunFolder(folder, RunRecord("test", {"steps": options.steps}), options.resume_with_changes)
    return Trainer(run, trained, optimiser or torch.optim.Adam(trained.parameters()), recipe, options, leads=leads)


def write_run(folder: Path, model: nn.Module | None = None) -> Path:
    """The folder of a run that has made no step; of a linear layer where no model is given."""
    trainer = linear_trainer(folder, TrainingOptions(1, 1, 0.1), model=model)
    trainer.run.begin(0)
    trainer.save()
    return folder
