"""`portrait extract`: expression and pose of a photo or video as numbers, or a photo's face as a mesh."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from client.calls import ExtractFormat
from client.command import connection, extras, media, output, per_face, rendering
from client.command.errors import CommandError
from client.command.subcommand import add_subcommand

FORMATS: dict[str, ExtractFormat] = {".json": "json", ".npz": "npz", ".obj": "obj"}


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "extract",
        "read expression and pose of the face in a photo or video, as numbers",
        "What it writes can be edited, and be the driver of `portrait reenact`.",
        usage="MEDIA [OPTIONS] [-o FILE]",
        examples=("extract video.mp4 -o motion.json", "extract photo.jpg -o face.obj"),
    )
    parser.add_argument("media", type=media.file, help="a photo or video")
    writes = ".json, .npz or .obj; without, the JSON is printed"
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=writes)
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS.values()),
        help="of the output, where its ending does not say so; obj is the mesh of a photo's face",
    )
    parser.add_argument("--landmarks", action="store_true", help="add the 478 landmarks of each frame")
    per_face.add_argument(parser, several=False)
    parser.add_argument("--smoothing", type=float, metavar="N", help="0 to 1, for videos: less tremor")
    extras.add_arguments(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Extract the motion of a photo or video."""
    written_as = format_of(given.output, given.format)
    options = rendering.given_only(
        {"face": per_face.named_face(given), "smoothing": given.smoothing, "landmarks": given.landmarks or None}
    )
    with connection.opened(given) as client:
        job = client.extract(given.media, format=written_as, options=options, **extras.extras(given))
        output.print_or_save(client, job, given.output)
    return 0


def format_of(path: Path | None, chosen: ExtractFormat | None = None) -> ExtractFormat:
    """The format that is chosen, or else that of the output's name; JSON if it is printed. Raises CommandError."""
    if path is None and chosen == "npz":
        raise CommandError("npz is no text: name an output with -o FILE.npz")
    if path is None or chosen is not None:
        return chosen or "json"
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise CommandError(f"{path}: the output's name has to end in {', '.join(FORMATS)}") from None
