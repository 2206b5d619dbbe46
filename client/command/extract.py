"""`portrait extract`: expression and pose of a photo or video as numbers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from client.calls import MotionFormat
from client.command import connection, output, rendering
from client.command.errors import CommandError

FORMATS: dict[str, MotionFormat] = {".json": "json", ".npz": "npz"}


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("extract", help="read expression and pose of a photo or video", allow_abbrev=False)
    parser.add_argument("media", type=Path, help="a photo or video")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=".json or .npz; without, JSON is printed")
    parser.add_argument("--face", metavar="N", help="which face: largest, or its number, 0 for the largest")
    parser.add_argument("--smoothing", type=float, metavar="N", help="0 to 1, for videos: less tremor")
    connection.add_arguments(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Extract the motion of a photo or video."""
    written_as = format_of(given.output)
    face = None if given.face is None else rendering.face(given.face)
    options = {name: value for name, value in (("face", face), ("smoothing", given.smoothing)) if value is not None}
    with connection.connected(given) as client:
        job = client.extract(given.media, format=written_as, options=options)
        output.print_or_save(client, job, given.output)
    return 0


def format_of(path: Path | None) -> MotionFormat:
    """The format that the output's name asks for; JSON is printed. Raises CommandError."""
    if path is None:
        return "json"
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise CommandError(f"{path}: the output's name has to end in .json or .npz") from None
