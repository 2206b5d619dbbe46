"""Files on a command line: a path, or the id that `portrait upload` printed."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from client.calls import FileUrl, SourceId
from client.command import connection
from client.command.subcommand import add_subcommand

PHOTO = "a photo, or its id that `portrait upload` printed"
DRIVER = "a video, a picture, or what `portrait extract` wrote"

_ID = re.compile(r"[0-9a-f]{64}")


def file(text: str) -> Path | SourceId | FileUrl:
    """What an argument names: an uploaded file if it looks like an id and no file is called so, or one elsewhere."""
    if text.startswith("https://"):
        return FileUrl(text)
    path = Path(text)
    return SourceId(text) if _ID.fullmatch(text) and not path.exists() else path


def add(commands: Any) -> None:
    """Add the command `upload`."""
    parser = add_subcommand(
        commands,
        "upload",
        "store files at the service once, and print their ids",
        "On later command lines an id stands for its file.",
        examples=("upload photo.jpg speech.wav",),
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="photos, videos, sounds, motions")
    connection.add_arguments(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Upload files and print their ids."""
    with connection.connected(given) as client:
        for path in given.files:
            print(client.upload(path).id)
    return 0
