"""What `--dry-run` prints: one line for each thing that a command would read, do and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue


def printed(lines: Mapping[str, str]) -> str:
    """A plan's lines, by title, as text."""
    width = max(map(len, lines))
    return "\n".join(f"{title:<{width}}  {text}" for title, text in lines.items())


def described(data: Mapping[str, JsonValue]) -> str:
    """An input, as a run's record has it."""
    size = data["bytes"]
    assert isinstance(size, int)
    return f"{data['path']}: {data['files']} files, {size / 1e6:.1f} MB"


def shard_plan(command: str, reads: Mapping[str, str], names: Sequence[str], out: Path) -> str:
    """The plan of a command that writes shards, or other files, of which those that exist are kept.

    Args:
        reads: descriptions of what is read, by title.
        names: of everything that would be under `out` in the end.
    """
    there = sum((out / name).exists() for name in names)
    titled = {f"reads {title}": text for title, text in reads.items()}
    return printed(
        {"command": command, **titled, "writes": f"{out}: {len(names) - there} of {len(names)}, {there} exist"}
    )
