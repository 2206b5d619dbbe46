"""`portrait reenact`: a driver's motion on a photo or video."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from client.calls import SourceId
from client.command import connection, controls, extras, media, output, rendering
from client.command.errors import CommandError
from client.command.per_face import FaceFlag, face_choice
from client.command.subcommand import add_subcommand


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "reenact",
        "let the face of a photo or video make the motion of another video",
        "The motion may also come from a picture, from what `portrait extract` wrote, or have a name.",
        usage="PHOTO [DRIVER] [OPTIONS] -o FILE",
        examples=(
            "reenact photo.jpg driver.mp4 -o out.mp4",
            "reenact photo.jpg --motion nod -o out.gif",
            "reenact clip.mp4 driver.mp4 --region mouth --gain mouth=1.2 -o out.mp4",
        ),
    )
    parser.add_argument("photo", type=media.file, help="a photo; or a video, whose face is moved in every frame")
    parser.add_argument("driver", type=media.file, nargs="?", help=media.DRIVER)
    parser.add_argument("--motion", metavar="NAME", help="instead of a driver: one of `portrait motions list`")
    parser.add_argument("--absolute", action="store_true", help="copy the driver's face instead of its changes")
    parser.add_argument(
        "--gain",
        action="append",
        metavar="PART=N",
        help="0 to 2: less or more of expression, eyes, mouth, pose or translation; may be repeated",
    )
    parser.add_argument("--region", metavar="PART", help="what moves: all, expression, pose, mouth or eyes")
    parser.add_argument(
        "--reference",
        metavar="FRAME",
        help="what changes are measured against: closest, first, neutral or a frame's number",
    )
    parser.add_argument("--smoothing", type=float, metavar="N", help="0 to 1: less tremor")
    parser.add_argument("--sound", metavar="WHOSE", help="what is heard: driver (also a document's), source or none")
    parser.add_argument("--driver-place", action="store_true", help="place and size of the head are the driver's too")
    controls.add_arguments(parser)
    parser.add_argument(
        "--driver",
        action=FaceFlag,
        type=media.file,
        dest="driver",
        metavar="FILE",
        help="after --face: what moves this face instead",
    )
    writes = f"{output.CLIPS}; of a picture as the driver {output.PICTURES}"
    rendering.add_arguments(parser, writes=writes, fps="sample the motion anew at this rate")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Reenact a photo or video."""
    wanted, changes, driver = options(given), controls.requested(given), driver_of(given)
    with connection.opened(given) as client:
        job = client.reenact(given.photo, driver, **changes, options=wanted, **extras.extras(given))
        output.finish(client, job, given.output)
    return 0


def driver_of(given: argparse.Namespace) -> Path | SourceId:
    """What moves the face. Raises CommandError."""
    if (given.driver is None) == (given.motion is None):
        raise CommandError("give a driver or --motion NAME, one of them")
    return SourceId(given.motion) if given.driver is None else given.driver


def options(given: argparse.Namespace) -> dict[str, Any]:
    """The API's `options` that these arguments ask for. Raises CommandError."""
    own = {
        "mode": "absolute" if given.absolute else None,
        "gains": rendering.numbers(given.gain, "--gain"),
        "region": given.region,
        "smoothing": given.smoothing,
        "sound": given.sound,
        "reference": None if given.reference is None else face_choice(given.reference),
    }
    place = {"normalise_crop": False} if given.driver_place else {}
    return rendering.options(given) | rendering.given_only(own) | place
