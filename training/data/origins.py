"""Where pictures and videos come from, and under which licence: nothing is taken without both being recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datasets.tables import read_table
from models.errors import TrainingDataError

TABLE = "sources.csv"
_COLUMNS = ("file", "source", "licence", "identity")
_WRITTEN_BY = "a table of yours, one row a file,"


@dataclass(frozen=True)
class Input:
    """A file to read.

    Attributes:
        path: where it lies; `name` is its path within its folder.
        identity: who it shows, "" where it is not known: then it counts as a person of its own.
    """

    path: Path
    name: str
    source: str
    licence: str
    identity: str


def inputs(folder: Path, endings: Iterable[str], source: str | None, licence: str | None) -> list[Input]:
    """The files of a folder and the folders below, by name.

    Their origins stand in FOLDER/sources.csv (columns file, source, licence, identity; only the files in it are taken),
    or are `source` and `licence` for all of them; then a folder below is a person.

    Raises:
        TrainingDataError: no such file, or one without an origin.
    """
    wanted = {f".{ending}" for ending in endings}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in wanted and path.is_file())
    if not files:
        raise TrainingDataError(f"{folder} holds no file that ends in {', '.join(sorted(wanted))}")
    if (folder / TABLE).is_file():
        return _listed(folder)
    if not source or not licence:
        raise TrainingDataError(
            f"nobody says where the files of {folder} come from: give --source and --licence, or write {TABLE} into it"
        )
    return [
        Input(path, str(name), source, licence, f"{source}/{name.parent}" if len(name.parts) > 1 else "")
        for path in files
        for name in [path.relative_to(folder)]
    ]


def _listed(folder: Path) -> list[Input]:
    found = []
    for row in read_table(folder / TABLE, _COLUMNS, _WRITTEN_BY):
        path = folder / row["file"]
        if not path.is_file():
            raise TrainingDataError(f"{folder / TABLE} names {row['file']}, which is not there")
        if not row["source"] or not row["licence"]:
            raise TrainingDataError(f"{folder / TABLE} names no source or no licence of {row['file']}")
        identity = f"{row['source']}/{row['identity']}" if row["identity"] else ""
        found.append(Input(path, row["file"], row["source"], row["licence"], identity))
    return found


def split_people(people: Iterable[str], fraction: float, before: dict[str, str]) -> dict[str, str]:
    """Person -> "train" or "test". Chance decides by the name alone, so that people who come later change nothing.

    Args:
        fraction: of the people that are held out; of two or more at least one, if it is not 0.
        before: the splits of people who have one already.
    """
    places = {person: int(hashlib.sha256(person.encode()).hexdigest()[:8], 16) / 16**8 for person in set(people)}
    split = {person: "test" if place < fraction else "train" for person, place in places.items()} | before
    if fraction > 0 and len(places) > 1 and "test" not in split.values():
        split[min(places, key=lambda person: places[person])] = "test"
    return split
