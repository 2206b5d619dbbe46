"""`portrait serve`, `worker`, `keys`, `bundle`: the project's own processes, in place of this one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

_SERVE = {
    "host": ("PORTRAIT_HOST", "address to listen on"),
    "port": ("PORTRAIT_PORT", "port to listen on"),
    "data-dir": ("PORTRAIT_DATA_DIR", "folder that keeps jobs and files"),
    "bundle": ("PORTRAIT_BUNDLE", "folder of the model bundle"),
}


def add(commands: Any) -> None:
    """Add the commands."""
    more = "docs/settings.md lists the settings, PORTRAIT_… variables of the environment."
    serve = commands.add_parser("serve", help="run Redis, API and one worker until Ctrl-C", epilog=more)
    for option, (variable, meaning) in _SERVE.items():
        serve.add_argument(f"--{option}", dest=variable, help=f"{meaning} (${variable})")
    serve.set_defaults(run=_serve)
    worker = commands.add_parser("worker", help="run one more worker of a service", epilog=more)
    worker.set_defaults(run=lambda _given: become("workers"))
    keys = commands.add_parser("keys", help="make, rotate and end the API keys of tenants", add_help=False)
    keys.add_argument("arguments", nargs=argparse.REMAINDER)
    keys.set_defaults(run=lambda given: become("service.keys", given.arguments))
    bundle = commands.add_parser("bundle", help="check a folder of weights").add_subparsers(required=True)
    check = bundle.add_parser("check", help="hashes, and everything that a worker loads")
    check.add_argument("folder")
    check.set_defaults(run=lambda given: become("models.bundle", ["check", given.folder]))


def _serve(given: argparse.Namespace) -> NoReturn:
    chosen = {variable: getattr(given, variable) for variable, _ in _SERVE.values()}
    become("service.embedded", settings={name: value for name, value in chosen.items() if value is not None})


def become(module: str, arguments: Sequence[str] = (), settings: Mapping[str, str] | None = None) -> NoReturn:
    """Run a module as a program in place of this process: signals and exit status are its own."""
    command = [sys.executable, "-m", module, *arguments]
    sys.stdout.flush()
    os.execve(sys.executable, command, {**os.environ, **(settings or {})})
