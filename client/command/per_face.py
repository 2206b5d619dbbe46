"""Flags that change a face: those after `--face N` are for that face, those before the first one for all faces."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from client.command.errors import CommandError


@dataclass
class FaceFlags:
    """What was given for one face, by the flags' destinations; `face` is None for what is given for all."""

    face: int | str | None = None
    values: dict[str, Any] = field(default_factory=dict)


class FaceFlag(argparse.Action):
    """Keeps a flag's value for the face before it; of a flag that may be repeated, all values."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, repeated: bool = False, **settings: Any) -> None:
        super().__init__(option_strings, dest, default=argparse.SUPPRESS, **settings)
        self._repeated = repeated

    def __call__(self, _parser: object, given: argparse.Namespace, value: Any, _option: str | None = None) -> None:
        """Called by argparse, flag by flag, in the order of the command line."""
        values = flags_of(given)[-1].values
        values[self.dest] = [*values.get(self.dest, ()), value] if self._repeated else value


class _NextFace(argparse.Action):
    def __call__(self, _parser: object, given: argparse.Namespace, value: Any, _option: str | None = None) -> None:
        flags_of(given).append(FaceFlags(face_choice(value)))


def add_argument(parser: argparse.ArgumentParser, *, several: bool = True) -> None:
    """The flag that names a face."""
    meaning = "which face of several: its number in `portrait faces`; 0 is the largest, which is taken without"
    more = ". May be repeated: flags after it are for that face, flags before the first are for all"
    parser.add_argument(
        "--face", action=_NextFace, default=argparse.SUPPRESS, metavar="N", help=meaning + more * several
    )


def flags_of(given: argparse.Namespace) -> list[FaceFlags]:
    """Flags in the order of the command line: those for all faces, then those of each face."""
    if not hasattr(given, "per_face"):
        given.per_face = [FaceFlags()]
    flags: list[FaceFlags] = given.per_face
    return flags


def several(given: argparse.Namespace) -> bool:
    """Whether more than one face is named, or one with a driver of its own."""
    flags = flags_of(given)
    return len(flags) > 2 or any("driver" in one.values for one in flags)


def named_face(given: argparse.Namespace) -> int | str | None:
    """The one face that is named; None where there is none. Raises CommandError where there are several."""
    if several(given):
        raise CommandError("one face at a time can be named here; give --face once, and run the command again")
    return flags_of(given)[-1].face


def face_choice(text: str) -> int | str:
    """`options.face` as written on a command line; the service judges it."""
    return int(text) if text.isdecimal() else text
