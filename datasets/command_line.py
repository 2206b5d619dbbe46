"""What the command lines of training and evaluation do alike."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from models.errors import PortraitError, TrainingDataError


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> None:
    """Run a command; what is missing or wrong ends it with one sentence and status 1 instead of a traceback.

    Args:
        arguments: those of the process if not given.
    """
    app.pretty_exceptions_enable = False  # a fault of ours prints a plain traceback: reports can quote it
    try:
        app(arguments)
    except PortraitError as error:
        _fail(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {(error.strerror or type(error).__name__).lower()}")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises TrainingDataError where it holds none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingDataError(f"{path} is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise TrainingDataError(f"{path} should hold one JSON object, {{…}}")
    return value


def _fail(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True).print(Text("error ", "bold red") + Text(sentence))
    sys.exit(1)
