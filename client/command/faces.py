"""`portrait faces`: what the faces of a photo are like, before anything is made of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from client.command import connection, extras, media, output
from client.command.subcommand import add_subcommand


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "faces",
        "list the faces of a photo, and how well each suits editing",
        "The place in the list, from 0, is the number that --face of other commands takes.",
        usage="PHOTO [OPTIONS] [-o FILE]",
        examples=("faces group.jpg",),
    )
    parser.add_argument("photo", type=media.file, help=media.PHOTO)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to save the JSON; without, it is printed"
    )
    extras.add_arguments(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Look at the faces of a photo."""
    with connection.opened(given) as client:
        output.print_or_save(client, client.faces(given.photo, **extras.extras(given)), given.output)
    return 0
