"""Folders of pictures -> `portraits/`: NNNNN.jpg, index.csv and labels.npz, as `datasets.portraits` reads them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.tables import read_table
from training.data.origins import Input, split_people
from training.data.parts import Parts, digest
from training.data.read_portrait import LeftOutError, PortraitMaker

ENDINGS = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff")
COLUMNS = (
    *("file", "source", "licence", "identity", "original", "coverage", "colour", "face_height_px", "fit_error"),
    *("split", "digest"),
)
LABELS = ("landmarks", "scores", "identity", "expression", "scale", "rotation", "translation")
SAME = 0.988  # correlation of two portraits from which on they are one picture, saved anew
Watch = Callable[[Iterable[Input]], Iterable[Input]]


@dataclass(frozen=True)
class Outcome:
    """What became of a run: portraits in the folder, and the files left out by reason."""

    portraits: int
    people: Mapping[str, int]
    left_out: Mapping[str, Sequence[str]]


def make_portraits(
    data: Path, found: Sequence[Input], maker: PortraitMaker, settings: Mapping[str, Any], fraction: float, watch: Watch
) -> Outcome:
    """Read pictures into DATA/portraits. The same call goes on where it was stopped; more pictures come behind.

    Args:
        settings: what the labels depend on; a folder that was begun with others is refused.
        fraction: of people that are held out for tests.
        watch: passes the pictures on, one by one, and shows how far it is.

    Raises:
        TrainingDataError: the folder was begun with other settings.
    """
    folder = data / "portraits"
    parts = Parts(folder / ".parts", settings)
    seen = {key: parts.kept(key)[1]["looks"] for key in parts.names()}
    left_out: dict[str, list[str]] = {}
    origins: dict[str, Input] = {}
    for one in watch(found):
        key = digest(one.path)
        if key in origins:
            left_out.setdefault("duplicate", []).append(one.name)
            continue
        origins[key] = one
        if not parts.done(key):
            _read(parts, key, one, maker, seen)
        if reason := parts.reason(key):
            left_out.setdefault(reason, []).append(one.name)
    rows = _assemble(folder, parts, origins, fraction)
    people = Counter(split for _, split in {(_person(row), row["split"]) for row in rows})
    return Outcome(len(rows), people, left_out)


def _read(parts: Parts, key: str, one: Input, maker: PortraitMaker, seen: dict[str, np.ndarray]) -> None:
    try:
        facts, arrays = maker.make(one.path)
        if any(arrays["looks"] @ other > SAME for other in seen.values()):
            raise LeftOutError("duplicate")
    except LeftOutError as error:
        parts.skip(key, one.name, str(error))
        return
    facts |= {"source": one.source, "licence": one.licence, "identity": one.identity, "original": one.name}
    parts.keep(key, facts, arrays)
    seen[key] = arrays["looks"]


def _assemble(folder: Path, parts: Parts, origins: Mapping[str, Input], fraction: float) -> list[dict[str, Any]]:
    """Write pictures, labels and index; who has a number keeps it, since training pairs refer to it."""
    index = folder / "index.csv"
    before = read_table(index, COLUMNS, "") if index.is_file() else []
    numbered = [row["digest"] for row in before]
    kept = {key: parts.kept(key) for key in parts.names()}
    new = sorted(kept.keys() - set(numbered), key=lambda key: str(kept[key][0]["original"]))
    rows: list[dict[str, Any]] = []
    for number, key in enumerate([*numbered, *new]):
        facts, arrays = kept[key]
        if (one := origins.get(key)) is not None:  # who corrects a table need not read the pictures again
            facts |= {"source": one.source, "licence": one.licence, "identity": one.identity, "original": one.name}
        rows.append({**facts, "file": f"{number:05d}.jpg", "digest": key})
        (folder / rows[-1]["file"]).write_bytes(arrays["jpeg"].tobytes())
    split = split_people(map(_person, rows), fraction, {_person(row): row["split"] for row in before})
    for row in rows:
        row["split"] = split[_person(row)]
    if rows:
        _write(folder, rows, {name: np.stack([kept[row["digest"]][1][name] for row in rows]) for name in LABELS})
    return rows


def _person(row: Mapping[str, Any]) -> str:
    return str(row["identity"] or row["digest"])


def _write(folder: Path, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, np.ndarray]) -> None:
    np.savez(folder / ".labels.npz", **dict(labels))  # type: ignore[arg-type]
    with (folder / ".index.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    (folder / ".labels.npz").rename(folder / "labels.npz")
    (folder / ".index.csv").rename(folder / "index.csv")
