"""A cheap digest of training data: which files there are, how large, and what their ends hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

END = 8192
"""Bytes that are read at either end of every file: arrays of the same shapes differ there, and so do LMDB's roots."""


@dataclass(frozen=True)
class DataDigest:
    """What some files or folders hold: number of files, bytes, and the SHA-256 of all names, sizes and ends.

    Times do not count, so a copy of the data has the digest of the original. Bytes in the middle of a large file do not
    either: reading all of them would take minutes at every start.
    """

    files: int
    bytes: int
    sha256: str

    @classmethod
    def of(cls, *paths: Path) -> DataDigest:
        """The digest of files, and of everything in folders but hidden files.

        What is missing counts as empty: whoever opens it knows what makes it.
        """
        digest, count, size = hashlib.sha256(), 0, 0
        for root in paths:
            for name, path in sorted(_files(root)):
                length = path.stat().st_size
                digest.update(f"{name}\0{length}\0".encode())
                digest.update(_ends(path, length))
                count, size = count + 1, size + length
        return cls(count, size, digest.hexdigest())

    def document(self) -> dict[str, JsonValue]:
        """As it stands in run.json."""
        return {"files": self.files, "bytes": self.bytes, "sha256": self.sha256}


def _files(root: Path) -> Iterable[tuple[str, Path]]:
    if root.is_file():
        return [(root.name, root)]
    found = ((path.relative_to(root), path) for path in root.rglob("*") if path.is_file())
    return [(name.as_posix(), path) for name, path in found if not any(part.startswith(".") for part in name.parts)]


def _ends(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        first = file.read(END)
        file.seek(max(length - END, 0))
        return first + file.read(END)
