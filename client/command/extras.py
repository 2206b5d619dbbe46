"""Options of all commands that make a job, beside what it is to do."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from client.calls import JobExtras
from client.command import connection
from client.command.errors import CommandError


def add_arguments(parser: argparse.ArgumentParser, *, local: bool = True) -> None:
    """The options, and those that name the service; `local`: or that do without one."""
    group = parser.add_argument_group("job")
    group.add_argument("--bundle", metavar="NAME", help="weights to use, of `portrait bundles`: NAME or NAME:VERSION")
    note = "metadata that comes back with the job; may be repeated"
    group.add_argument("--note", action="append", metavar="NAME=TEXT", help=note)
    group.add_argument("--callback", metavar="URL", help="URL that the service calls when the job has ended")
    connection.add_arguments(parser, local=local)


def extras(given: argparse.Namespace) -> JobExtras:
    """What these arguments say. Raises CommandError."""
    return JobExtras(bundle=given.bundle, metadata=_notes(given.note), callback=given.callback)


def _notes(assignments: Sequence[str] | None) -> dict[str, str] | None:
    notes: dict[str, str] = {}
    for assignment in assignments or ():
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise CommandError(f"--note takes NAME=TEXT, such as --note order=2041, not {assignment!r}")
        notes[name] = text
    return notes or None
