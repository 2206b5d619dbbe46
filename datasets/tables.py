"""Tables on disk: whoever lacks one, or a column in it, reads what makes it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from models.errors import TrainingDataError
from models.face3d.arrays import missing


def read_table(path: Path, columns: Iterable[str], made_by: str) -> list[dict[str, str]]:
    """The rows of a CSV file with a head line.

    Args:
        columns: those that it must have.
        made_by: the command that makes the file.

    Raises:
        TrainingDataError: the file or a column is missing.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            rows, head = list(table), table.fieldnames or ()
    except FileNotFoundError:
        raise missing(path, made_by) from None
    if lacking := [column for column in columns if column not in head]:
        raise TrainingDataError(f"{path} has no column {', '.join(lacking)}: {made_by} writes it")
    return rows
