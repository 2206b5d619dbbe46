"""`portrait motions`: drivers by name, those of the service and one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from client.command import connection, extras, media, output
from client.command.per_face import face_choice
from client.command.subcommand import add_subcommand
from client.documents import NamedMotion


def add(commands: Any) -> None:
    """Add the command and its own."""
    parser = add_subcommand(
        commands,
        "motions",
        "list, add, show and remove drivers that have a name",
        "Such a name is given as `portrait reenact --motion NAME`.",
        examples=("motions list", 'motions add hello driver.mp4 --title "Says hello"', "motions remove hello"),
    )
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="all that there are, one's own first", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="a line of JSON each")
    listing.set_defaults(run=list_all)

    adding = actions.add_parser("add", help="keep a driver's motion and sound under a name", allow_abbrev=False)
    adding.add_argument("name", help="1 to 40 of a-z, 0-9 and -, beginning with a letter")
    adding.add_argument("driver", type=media.file, help=media.DRIVER)
    adding.add_argument("--title", metavar="TEXT", help="what the face does")
    adding.add_argument("--description", metavar="TEXT", help="more of it")
    adding.add_argument("--face", metavar="N", help="whose motion: largest, or a number, 0 for the largest")
    extras.add_arguments(adding, local=False)
    adding.set_defaults(run=add_one)

    showing = actions.add_parser("show", help="what is known of one, as JSON", allow_abbrev=False)
    showing.add_argument("name", help="one of `portrait motions list`")
    showing.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write its document")
    showing.set_defaults(run=show)

    removing = actions.add_parser("remove", help="delete some of one's own", allow_abbrev=False)
    removing.add_argument("names", nargs="+", metavar="NAME", help="of one's own")
    removing.set_defaults(run=remove)
    for action in (listing, showing, removing):
        connection.add_arguments(action)


def list_all(given: argparse.Namespace) -> int:
    """List motions."""
    with connection.connected(given) as client:
        motions = client.motions()
    if given.json:
        for motion in motions:
            print(motion.model_dump_json())
    else:
        Console().print(_table(motions))
    return 0


def add_one(given: argparse.Namespace) -> int:
    """Keep a motion, and print its name."""
    options = None if given.face is None else {"face": face_choice(given.face)}
    with connection.connected(given) as client:
        texts = {"title": given.title, "description": given.description}
        job = client.add_motion(given.name, given.driver, **texts, options=options, **extras.extras(given))
        output.waited(client, job)
    print(given.name)
    return 0


def show(given: argparse.Namespace) -> int:
    """Print what is known of a motion; write its document, if a file is named."""
    with connection.connected(given) as client:
        if given.output is not None:
            given.output.write_bytes(client.motion_content(given.name))
            print(given.output)
        else:
            print(client.motion(given.name).model_dump_json(indent=1))
    return 0


def remove(given: argparse.Namespace) -> int:
    """Delete motions."""
    with connection.connected(given) as client:
        for name in given.names:
            client.delete_motion(name)
    return 0


def _table(motions: list[NamedMotion]) -> Table:
    table = Table("name", "what", "seconds", "sound", "yours", box=None)
    for motion in motions:
        sound, own = "yes" * (motion.sound_url is not None), "yes" * (not motion.shipped)
        table.add_row(motion.id, motion.title, f"{motion.seconds:.1f}", sound, own)
    return table
