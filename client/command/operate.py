"""`portrait serve`, `worker`, `keys`, `bundle`: the project's own processes, in place of this one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from client.command.subcommand import add_subcommand

_SERVE = {
    "host": ("PORTRAIT_HOST", "address to listen on"),
    "port": ("PORTRAIT_PORT", "port to listen on"),
    "data-dir": ("PORTRAIT_DATA_DIR", "folder that keeps jobs and files"),
    "bundle": ("PORTRAIT_BUNDLE", "folder of the weights"),
}


def add(commands: Any) -> None:
    """Add the commands."""
    more = "docs/settings.md lists all settings: PORTRAIT_… variables of the environment."
    serve = add_subcommand(commands, "serve", "run the service here until Ctrl-C: Redis, API and one worker", more)
    for option, (variable, meaning) in _SERVE.items():
        metavar = {"port": "N", "host": "ADDRESS"}.get(option, "FOLDER")
        serve.add_argument(f"--{option}", dest=variable, metavar=metavar, help=f"{meaning} (${variable})")
    serve.set_defaults(run=_serve)
    worker = add_subcommand(commands, "worker", "run one more worker of a service", more)
    worker.set_defaults(run=lambda _given: become("workers"))
    # Without a prefix of options, all that follows is for the other program, --help too.
    keys = commands.add_parser(
        "keys", help="make, rotate and end the API keys of tenants", add_help=False, prefix_chars="\0"
    )
    keys.add_argument("arguments", nargs=argparse.REMAINDER)
    keys.set_defaults(run=lambda given: become("service.keys", given.arguments))
    bundle = add_subcommand(commands, "bundle", "check a folder of weights", examples=("bundle check FOLDER",))
    checks = bundle.add_subparsers(required=True, metavar="check")
    check = add_subcommand(checks, "check", "check hashes, and load everything that a worker loads")
    check.add_argument("folder", help="with a bundle.json")
    check.set_defaults(run=lambda given: become("models.bundle", ["check", given.folder]))


def _serve(given: argparse.Namespace) -> NoReturn:
    chosen = {variable: getattr(given, variable) for variable, _ in _SERVE.values()}
    become("service.embedded", settings={name: value for name, value in chosen.items() if value is not None})


def become(module: str, arguments: Sequence[str] = (), settings: Mapping[str, str] | None = None) -> NoReturn:
    """Run a module as a program in place of this process: signals and exit status are its own."""
    command = [sys.executable, "-m", module, *arguments]
    sys.stdout.flush()
    os.execve(sys.executable, command, {**os.environ, **(settings or {})})
