"""`portrait doctor`: what a machine has of what the service needs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from client.command import checks
from client.command.environment import API_KEY, SERVER
from client.command.subcommand import add_subcommand

LOCAL, SERVICE = "portrait … --local", "portrait serve"
BOTH = frozenset({LOCAL, SERVICE})


@dataclass(frozen=True)
class Finding:
    """What one check found, and for what it is needed."""

    name: str
    found: bool
    detail: str
    needed_for: frozenset[str] = BOTH


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "doctor",
        "check what works: on this machine, or with a service",
        "The exit status is 1 where something is missing that is needed.",
        examples=("doctor", "doctor --server http://127.0.0.1:8000"),
    )
    url = f"check the way to a service instead of this machine (${SERVER})"
    parser.add_argument("--server", metavar="URL", default=os.environ.get(SERVER), help=url)
    parser.add_argument("--api-key", metavar="KEY", default=None, help=f"where the service asks for one (${API_KEY})")
    parser.add_argument("--bundle", metavar="FOLDER", help="folder of weights ($PORTRAIT_BUNDLE)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Check, print a table and what follows from it; 1 when something is missing that is needed."""
    console = Console()
    if given.server:
        key = given.api_key or os.environ.get(API_KEY)
        findings = [examined("Python", checks.python), examined("server", lambda: checks.server(given.server, key))]
        console.print(_table(findings))
    else:
        findings = _machine(given.bundle)
        console.print(_table(findings))
        for what in (LOCAL, SERVICE):
            missing = [finding.name for finding in findings if what in finding.needed_for and not finding.found]
            verdict = f"does not work here yet: {', '.join(missing)}" if missing else "works here"
            console.print(f"`{what}` {verdict}.")
    return int(any(finding.needed_for and not finding.found for finding in findings))


def _machine(bundle: str | None) -> list[Finding]:
    nothing: frozenset[str] = frozenset()
    return [
        examined("Python", checks.python),
        examined("packages", checks.packages),
        examined("settings", checks.settings),
        examined("cores", checks.cores),
        examined("memory", checks.memory),
        examined("GPU", checks.gpu, nothing),
        examined("Redis", checks.redis, frozenset({SERVICE})),
        examined("codecs", checks.codecs),
        examined("bundle", lambda: checks.bundle(bundle)),
    ]


def examined(name: str, check: Callable[[], str], needed_for: frozenset[str] = BOTH) -> Finding:
    """What a check found: its sentence, or why there is none."""
    try:
        return Finding(name, True, check(), needed_for)
    except ImportError as error:
        return Finding(name, False, f"{error}: {checks.INSTALL}", needed_for)
    except checks.MissingError as error:
        return Finding(name, False, str(error), needed_for)


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "", Column("found", overflow="fold"), box=None)
    for finding in findings:
        state = "ok" if finding.found else "MISSING" if finding.needed_for else "none"
        table.add_row(finding.name, state, finding.detail)
    return table
