"""`portrait doctor`: what a machine has of what the service needs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from client.command import checks
from client.command.environment import API_KEY, SERVER

_INSTALL = "pip install 'pirenderer-service[embedded,worker]'"


@dataclass(frozen=True)
class Finding:
    """What one check found. `needed` is whether nothing works without it."""

    name: str
    found: bool
    detail: str
    needed: bool = True


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("doctor", help="check this machine, or the way to a service", allow_abbrev=False)
    parser.add_argument("--server", metavar="URL", default=os.environ.get(SERVER), help=f"a service (${SERVER})")
    parser.add_argument("--api-key", metavar="KEY", default=None, help=f"where it asks for one (${API_KEY})")
    parser.add_argument("--bundle", metavar="FOLDER", help="folder of weights ($PORTRAIT_BUNDLE)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Check, print a table; 1 when something is missing that is needed.

    To run the service here, everything is needed but a GPU. With a server, it alone is.
    """
    here: Mapping[str, Callable[[], str]] = {
        "Python": checks.python,
        "cores": checks.cores,
        "memory": checks.memory,
        "GPU": checks.gpu,
        "Redis": checks.redis,
        "codecs": checks.codecs,
        "bundle": lambda: checks.bundle(given.bundle),
    }
    findings = [examined(name, check, needed=not given.server and name != "GPU") for name, check in here.items()]
    if given.server:
        key = given.api_key or os.environ.get(API_KEY)
        findings.append(examined("server", lambda: checks.server(given.server, key), needed=True))
    Console().print(_table(findings))
    return int(any(finding.needed and not finding.found for finding in findings))


def examined(name: str, check: Callable[[], str], *, needed: bool) -> Finding:
    """What a check found: its sentence, or why there is none."""
    try:
        return Finding(name, True, check(), needed)
    except ImportError as error:
        return Finding(name, False, f"{error}: {_INSTALL}", needed)
    except checks.MissingError as error:
        return Finding(name, False, str(error), needed)


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "", Column("found", overflow="fold"), box=None)
    for finding in findings:
        state = "ok" if finding.found else "MISSING" if finding.needed else "none"
        table.add_row(finding.name, state, finding.detail)
    return table
