"""A run's folder: its record, its state, its log and its pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from models.errors import TrainingDataError
from training.record import RunRecord, differences

STATE, LOG = "state.pt", "log.jsonl"

State = dict[str, Any]


@dataclass
class RunFolder:
    """One run. Nothing is written until its training begins.

    Args:
        path: the folder; made when the run begins.
        record: what the run is made of.
        resume_with_changes: accept a state that another record belongs to.

    Raises:
        TrainingDataError: the folder holds the state of a run with other options or data; each is named.
    """

    path: Path
    record: RunRecord
    resume_with_changes: bool = False

    def __post_init__(self) -> None:
        earlier = RunRecord.read(self.path)
        self._changed: list[str] = []
        self._code: dict[str, JsonValue] = {}
        if not self.has_state:
            return
        if earlier is None:
            self._changed = ["everything: the folder has a state but no run.json"]
        else:
            self._changed = differences(earlier, self.record)
            self._continue(earlier)
        if self._changed and not self.resume_with_changes:
            raise TrainingDataError(
                f"{self.path} was begun with other options: {'; '.join(self._changed)}. Give them again, choose "
                "another folder, or go on with --resume-with-changes"
            )

    @property
    def has_state(self) -> bool:
        """Whether there is something to resume."""
        return (self.path / STATE).is_file()

    def begin(self, step: int) -> None:
        """Make the folder and write run.json; a resumed run's changes are added to it."""
        self.path.mkdir(parents=True, exist_ok=True)
        if self._changed or self._code:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            change: dict[str, JsonValue] = {"step": step, "resumed": now, "changed": [*self._changed], **self._code}
            self.record = replace(self.record, changes=[*self.record.changes, change])
            self._changed, self._code = [], {}
        self.record.write(self.path)

    def load(self) -> State | None:
        """The state, on the CPU; None where the run is fresh."""
        return load_state(self.path) if self.has_state else None

    def save(self, state: State) -> None:
        """Write the state; an interruption leaves the previous one."""
        partial = self.path / ".state.partial"
        torch.save(state, partial)
        partial.replace(self.path / STATE)

    def log(self, line: Mapping[str, float]) -> None:
        """Append a line to log.jsonl and print it."""
        with (self.path / LOG).open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)  # noqa: T201  (the run's own progress)

    def _continue(self, earlier: RunRecord) -> None:
        """Take over an earlier record's beginning: when, and with which code. Other code is a change of its own."""
        now: dict[str, JsonValue] = {"packages": self.record.packages, "git": self.record.git}
        began: dict[str, JsonValue] = {"packages": earlier.packages, "git": earlier.git}
        for change in earlier.changes:
            began |= {name: change[name] for name in began if name in change}
        self._code = {name: value for name, value in now.items() if value != began[name]}
        self.record = replace(
            self.record, begun=earlier.begun, packages=earlier.packages, git=earlier.git, changes=earlier.changes
        )


def load_state(folder: Path) -> State:
    """A run's state on the CPU: `model`, `average`, `optimiser`, `step`. Raises TrainingDataError without one."""
    if not (folder / STATE).is_file():
        raise TrainingDataError(f"{folder} holds no {STATE}: train it first")
    state: State = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    return state


def last_log(folder: Path) -> dict[str, float] | None:
    """The last line of a run's log; None without one."""
    if not (folder / LOG).is_file():
        return None
    lines = (folder / LOG).read_text().splitlines()
    line: dict[str, float] | None = json.loads(lines[-1]) if lines else None
    return line
