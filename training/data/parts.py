"""What has been done with each picture or video, one file each: a run that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import TrainingDataError

_BLOCK = 2**20


class Parts:
    """A folder with a file for each finished input: what was made of it, or why it was left out.

    Args:
        folder: made when missing.
        settings: whatever the results depend on. A folder that was begun with others is refused.

    Raises:
        TrainingDataError: the folder was begun with other settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "settings.json"
        if file.is_file() and (begun := json.loads(file.read_text())) != dict(settings):
            changed = sorted(name for name in begun.keys() | settings.keys() if begun.get(name) != settings.get(name))
            raise TrainingDataError(
                f"{folder} was begun with another {', '.join(changed)}: run with that again, or delete the folder"
            )
        file.write_text(json.dumps(dict(settings)))

    def done(self, key: str) -> bool:
        """Whether an input has been dealt with."""
        return self._path(key).is_file() or self._reason(key).is_file()

    def keep(self, key: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Note what was made of an input, in one step."""
        partial = self._folder / f".{key}.npz"
        np.savez(partial, facts=np.array(json.dumps(dict(facts))), **dict(arrays))  # type: ignore[arg-type]
        partial.rename(self._path(key))

    def skip(self, key: str, name: str, reason: str) -> None:
        """Note why an input was left out."""
        partial = self._folder / f".{key}.json"
        partial.write_text(json.dumps({"name": name, "reason": reason}))
        partial.rename(self._reason(key))

    def kept(self, key: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Facts and arrays that were made of an input."""
        with np.load(self._path(key)) as file:
            return json.loads(str(file["facts"])), {name: file[name] for name in file.files if name != "facts"}

    def names(self) -> list[str]:
        """The keys of all inputs that something was made of."""
        return sorted(path.stem for path in self._folder.glob("[!.]*.npz"))

    def reason(self, key: str) -> str | None:
        """Why an input was left out."""
        path = self._reason(key)
        return str(json.loads(path.read_text())["reason"]) if path.is_file() else None

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"

    def _reason(self, key: str) -> Path:
        return self._folder / f"{key}.skipped"


def digest(path: Path) -> str:
    """A name for a file's bytes, 16 hexadecimal digits."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha.update(block)
    return sha.hexdigest()[:16]
