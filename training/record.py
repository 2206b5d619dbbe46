"""run.json: all that a run's result follows from, and how two such records differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from models.bundle import MANIFEST, Manifest
from models.errors import TrainingDataError
from training.digest import DataDigest
from training.environment import git_state, package_versions

RECORD = "run.json"

Document = dict[str, JsonValue]


@dataclass(frozen=True)
class RunRecord:
    """The content of run.json.

    Attributes:
        command: what was called, as in `python -m COMMAND`.
        options: every option by name, loss weights and seeds with them; paths are in `data`.
        data: what was read, by the name of its option: its path, and the digest of its files.
        begun_from: records of the runs whose weights this one takes, by the name of the option.
        packages: version by name.
        git: the code's revision, and whether it was changed (`dirty`); None outside of a checkout.
        begun: date and time, UTC.
        changes: each time that the run was resumed otherwise: step, date, and what differed.
    """

    command: str
    options: Document
    data: dict[str, Document] = field(default_factory=dict)
    begun_from: dict[str, JsonValue] = field(default_factory=dict)
    packages: Document = field(default_factory=package_versions)
    git: Document | None = field(default_factory=git_state)
    begun: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    changes: list[Document] = field(default_factory=list)

    @classmethod
    def of(cls, command: str, options: Document, inputs: Mapping[str, tuple[Path, ...] | Path | None]) -> RunRecord:
        """A fresh record.

        Args:
            inputs: what is read, by the name of its option; None where it is not given.

        Raises:
            TrainingDataError: an input is not there.
        """
        data: dict[str, Document] = {}
        earlier: dict[str, JsonValue] = {}
        for name, given in inputs.items():
            if given is None:
                continue
            paths = given if isinstance(given, tuple) else (given,)
            digest = DataDigest.of(*(weights_file(path) for path in paths))
            data[name] = {"path": " ".join(map(str, paths)), **digest.document()}
            if (known := record_behind(paths[0])) is not None:
                earlier[name] = known
        return cls(command, options, data, earlier)

    @classmethod
    def read(cls, folder: Path) -> RunRecord | None:
        """The record of a run's folder; None where there is none. Raises TrainingDataError for a damaged one."""
        path = folder / RECORD
        if not path.is_file():
            return None
        try:
            return cls(**json.loads(path.read_text()))
        except (ValueError, TypeError) as error:
            raise TrainingDataError(f"{path} is no record of a run ({error}): restore it, or train anew") from error

    def write(self, folder: Path) -> None:
        """Write run.json, in one step."""
        draft = folder / f".{RECORD}"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(folder / RECORD)

    def document(self) -> JsonValue:
        """The record in a bundle's manifest: all but the paths of the machine that trained."""
        data = {name: {key: value for key, value in one.items() if key != "path"} for name, one in self.data.items()}
        return cast("JsonValue", asdict(self) | {"data": data})


def differences(old: RunRecord, new: RunRecord) -> list[str]:
    """What two records differ in, one phrase each: command, options, and the data by its digest."""
    mine, others = ({"command": record.command, **record.options} for record in (old, new))
    changed = [
        f"{name} {_shown(mine.get(name))}, now {_shown(others.get(name))}"
        for name in sorted(mine.keys() | others.keys())
        if mine.get(name) != others.get(name)
    ]
    for name in sorted(old.data.keys() | new.data.keys()):
        before, now = (record.data.get(name, {}) for record in (old, new))
        if before.get("sha256") != now.get("sha256"):
            changed.append(f"the data of {name} ({_counted(before)}, now {_counted(now)})")
    return changed


def record_behind(path: Path) -> JsonValue:
    """The record behind weights: of a run's folder, a file in one, a bundle, or a file in one; None if unknown."""
    folder = path if path.is_dir() else path.parent
    if (folder / MANIFEST).is_file():
        runs = Manifest.model_validate_json((folder / MANIFEST).read_bytes()).runs
        return runs.get("renderer.safetensors" if path.is_dir() else path.name)
    known = RunRecord.read(folder)
    return known.document() if known else None


def weights_file(path: Path) -> Path:
    """What of a run's folder or a bundle decides its weights; any other path as it is."""
    for name in ("state.pt", MANIFEST):
        if (path / name).is_file():
            return path / name
    return path


def _shown(value: JsonValue) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def _counted(data: Document) -> str:
    return f"{data['files']} files, {data['bytes']} bytes" if data else "none"
