"""`portrait`: edit portraits, run the service, check a machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from client.command import (
    batch,
    bundles,
    doctor,
    edit,
    extract,
    faces,
    jobs,
    media,
    motions,
    operate,
    reenact,
    sliders,
    talk,
)
from client.errors import NoConnectionError, PortraitError, ProblemError

_HINTS = {"key_missing": "Give it with --api-key, or set PORTRAIT_API_KEY."}
INTERRUPTED = 130
MISUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; errors go to stderr.

    Returns:
        The exit status: 0, 1 after an error, 2 without a command, 130 after Ctrl-C.
    """
    root = parser()
    given = root.parse_args(arguments)
    if given.run is None:
        root.print_help(sys.stderr)
        return MISUSED
    try:
        status: int = given.run(given)
    except (PortraitError, OSError) as error:
        print(f"portrait: {_sentence(error, given)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def parser() -> argparse.ArgumentParser:
    """All subcommands; each sets `run`."""
    root = argparse.ArgumentParser(
        prog="portrait",
        usage="portrait COMMAND …",
        description="Edit portraits: change expression and pose, make photos move and talk.",
        epilog="`portrait COMMAND --help` describes a command. Edits need a service (`portrait serve`) or --local.",
        allow_abbrev=False,
    )
    root.set_defaults(run=None)
    commands = root.add_subparsers(title="commands", metavar="COMMAND", prog="portrait")
    for module in (edit, reenact, talk, extract, faces, batch, media, motions, sliders, bundles, jobs, operate, doctor):
        module.add(commands)
    return root


def _sentence(error: Exception, given: argparse.Namespace) -> str:
    if isinstance(error, NoConnectionError):
        without = ", or do without one: --local" if hasattr(given, "local") else ""
        return f"{error}\nStart a service with `portrait serve`, or name another one with --server{without}."
    if isinstance(error, ProblemError) and error.code in _HINTS:
        return f"{error} {_HINTS[error.code]}"
    return str(error)
