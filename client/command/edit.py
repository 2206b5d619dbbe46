"""`portrait edit`: sliders on a photo."""

from __future__ import annotations

import argparse
from typing import Any

from client.command import connection, controls, extras, media, output, rendering
from client.command.subcommand import add_subcommand


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "edit",
        "change expression and pose of the face in a photo",
        "The result has the photo's size; its ending says the format.",
        usage="PHOTO [OPTIONS] -o FILE",
        examples=(
            "edit photo.jpg --smile 0.7 --yaw 15 -o out.jpg",
            "edit photo.jpg --set jawOpen=0.4 --blink 1 --local -o out.png",
            "edit group.jpg --face 0 --smile 0.8 --face 1 --yaw -15 -o out.jpg",
        ),
    )
    parser.add_argument("photo", type=media.file, help=media.PHOTO)
    controls.add_arguments(parser)
    parser.add_argument(
        "--absolute",
        action="store_true",
        help="values replace what the photo shows, instead of being added",
    )
    writes = f"{output.PICTURES}; of keyframes {output.CLIPS}"
    rendering.add_arguments(parser, writes=writes, fps="frames a second of a clip of keyframes")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Edit a photo."""
    wanted, options = controls.requested(given, absolute=given.absolute), rendering.options(given)
    with connection.opened(given) as client:
        output.finish(client, client.edit(given.photo, **wanted, options=options, **extras.extras(given)), given.output)
    return 0
