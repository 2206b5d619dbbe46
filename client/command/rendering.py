"""Options of all commands whose result is rendered."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from client.command import extras, output, per_face
from client.command.errors import CommandError


def add_arguments(
    parser: argparse.ArgumentParser,
    *,
    writes: str,
    fps: str,
    metavar: Literal["FILE", "FOLDER"] = "FILE",
    faces: bool = True,
) -> None:
    """The options that all these commands have.

    Args:
        writes: what the output is.
        fps: what that option does here.
        metavar: what is named as the output.
        faces: whether several faces may be named.
    """
    output.add_argument(parser, writes, metavar)
    per_face.add_argument(parser, several=faces)
    parser.add_argument("--crop", action="store_true", help="write the square around the face, not the whole picture")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="side of that square; implies --crop")
    parser.add_argument("--fps", type=float, metavar="N", help=fps)
    parser.add_argument("--label", action="store_true", help="write visibly into the picture that it is edited")
    extras.add_arguments(parser)


def options(given: argparse.Namespace) -> dict[str, Any]:
    """The API's `options` that these arguments ask for, without a face where several are named. Raises CommandError."""
    return options_of(given, output.format_of(given.output))


def options_of(given: argparse.Namespace, chosen: str) -> dict[str, Any]:
    """The same, with the output's format."""
    written: dict[str, Any] = {"format": chosen}
    wanted: dict[str, Any] = {"output": written}
    if given.size is not None:
        written["size"] = given.size
    if given.fps is not None:
        written["fps"] = given.fps
    if given.crop or given.size is not None:
        wanted["paste_back"] = False
    if per_face.several(given):
        if "paste_back" in wanted:
            raise CommandError("--crop and --size show one face; leave them out, or name one with --face")
    elif (face := per_face.named_face(given)) is not None:
        wanted["face"] = face
    if given.label:
        wanted["label"] = True
    return wanted


def numbers(assignments: Sequence[str] | None, option: str) -> dict[str, float]:
    """Values of a repeated option by name, each `NAME=NUMBER`. Raises CommandError."""
    found: dict[str, float] = {}
    for assignment in assignments or ():
        name, equals, value = assignment.partition("=")
        try:
            number = float(value)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise CommandError(f"{option} takes NAME=NUMBER, such as {option} mouth=0.5, not {assignment!r}")
        if name in found:
            raise CommandError(f"{option} {name} is given twice; give it once")
        found[name] = number
    return found


def given_only(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was requested; the service fills in the rest."""
    return {name: value for name, value in values.items() if value is not None and value != {}}
