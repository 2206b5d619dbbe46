"""What the evaluations' commands do alike."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from models.errors import PortraitError


def run(app: typer.Typer) -> None:
    """Run a command; errors of the project end it with one line instead of a traceback."""
    try:
        app()
    except PortraitError as error:
        Console(stderr=True).print(f"[bold red]error[/] {error}")
        sys.exit(1)
