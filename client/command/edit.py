"""`portrait edit`: sliders on a photo."""

from __future__ import annotations

import argparse
from typing import Any

from client.command import connection, controls, extras, media, output, rendering


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("edit", help="change expression and pose of a face", allow_abbrev=False)
    parser.add_argument("photo", type=media.file)
    controls.add_arguments(parser)
    parser.add_argument("--absolute", action="store_true", help="values replace what the photo shows")
    rendering.add_arguments(parser, fps="frames a second of a clip of keyframes")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Edit a photo."""
    wanted, options = controls.requested(given, absolute=given.absolute), rendering.options(given)
    with connection.opened(given) as client:
        output.finish(client, client.edit(given.photo, **wanted, options=options, **extras.extras(given)), given.output)
    return 0
