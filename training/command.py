"""What the commands of a training have in common: a dry run, and a device."""

from __future__ import annotations

from typing import Annotated, Any

import torch
import typer

from models.errors import TrainingDataError
from training.trainer import Trainer

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Open everything that is needed, print the plan, write nothing.")
]


def execute(trainer: Trainer[Any], *, dry_run: bool) -> None:
    """Train, or print the plan."""
    if dry_run:
        typer.echo(trainer.plan())
    else:
        trainer.train()


def chosen_device(name: str) -> torch.device:
    """The device of that name. Raises TrainingDataError where there is none."""
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise TrainingDataError(f"--device {name} is not there ({str(error).splitlines()[0]}): give cpu") from error
    return torch.device(name)
