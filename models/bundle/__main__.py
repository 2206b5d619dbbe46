"""Bundles from the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.bundle.bundle import open_bundle
from models.bundle.check import check_bundle
from models.errors import BundleError


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, or 1 after an error, which goes to stderr."""
    given = _parser().parse_args(arguments)
    try:
        bundle = open_bundle(given.folder)
        check_bundle(bundle)
    except BundleError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print(f"{bundle.folder}: {bundle.manifest.summary}")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.bundle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="size and hash of every file; everything that a worker loads is loaded, and every network runs once",
    )
    check.add_argument("folder", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
