"""Files on a command line: a path, or the id that `portrait upload` printed."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from client.calls import SourceId
from client.command import connection

_ID = re.compile(r"[0-9a-f]{64}")


def file(text: str) -> Path | SourceId:
    """What an argument names: an uploaded file if it looks like an id and no file is called so."""
    path = Path(text)
    return SourceId(text) if _ID.fullmatch(text) and not path.exists() else path


def add(commands: Any) -> None:
    """Add the command `upload`."""
    parser = commands.add_parser(
        "upload",
        help="store files at the service, to be named by their ids instead of being sent again",
        allow_abbrev=False,
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
