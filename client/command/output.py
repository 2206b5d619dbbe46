"""Files that a command writes: which format their names ask for, and how the job that makes them is shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from client.command.errors import CommandError
from client.documents import Job
from client.local import LocalPortrait
from client.sync_client import PortraitClient

Worker = PortraitClient | LocalPortrait
"""What does the work."""

FORMATS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".webp": "webp",
    ".mp4": "mp4",
    ".webm": "webm",
    ".gif": "gif",
}


PICTURES, CLIPS = ".png, .jpg or .webp", ".mp4, .webm or .gif"
"""Endings of what a command may write, in words."""


def add_argument(parser: argparse.ArgumentParser, meaning: str, metavar: Literal["FILE", "FOLDER"]) -> None:
    """The option that names the output."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar=metavar, help=meaning)


def format_of(path: Path) -> str:
    """The API's name of the format that a file's name asks for. Raises CommandError."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise CommandError(f"{path}: the output's name has to end in one of {', '.join(FORMATS)}") from None


def finish(client: Worker, job: Job, path: Path) -> None:
    """Wait for the job, with a bar on the terminal, then save its files and say where they are."""
    for index, target in enumerate(paths_of(waited(client, job), path)):
        print(client.save(job, target, index=index))


def waited(client: Worker, job: Job) -> Job:
    """The job once it has succeeded; its warnings are printed. Ctrl-C cancels it."""
    try:
        with bar("frames") as show:
            job = client.wait(
                job, on_progress=lambda now: show(now.progress.stage, now.progress.done, now.progress.total)
            )
    except KeyboardInterrupt:
        client.cancel(job)
        raise
    for warning in job.warnings:
        print(f"portrait: warning: {warning.message}", file=sys.stderr)
    return job


def paths_of(job: Job, path: Path) -> list[Path]:
    """Where the files of a job go: `path`, or for several the same with each one's seed, or number, before the end."""
    if len(job.results) < 2:
        return [path]
    suffixes = [index if result.seed is None else result.seed for index, result in enumerate(job.results)]
    return [path.with_name(f"{path.stem}-{suffix}{path.suffix}") for suffix in suffixes]


@contextmanager
def bar(unit: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the terminal; what it gives is called with a stage, how many units are done, and of how many (0: who
    knows).
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("queued", total=None, count="")

        def show(stage: str, done: int, total: int) -> None:
            count = f"{done}/{total} {unit}" if total else ""
            progress.update(task, description=stage, completed=done, total=total or None, count=count)

        yield show


def print_or_save(client: Worker, job: Job, path: Path | None) -> None:
    """Wait for a job whose result is text; print that, or save it at a path."""
    if path is None:
        waited(client, job)
        sys.stdout.write(client.result(job).decode() + "\n")
    else:
        finish(client, job, path)
