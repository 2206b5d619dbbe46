"""What every command of a training has: a dry run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

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
