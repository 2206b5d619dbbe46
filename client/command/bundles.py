"""`portrait bundles`: the weights that the service has."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from client.command import connection
from client.command.subcommand import add_subcommand


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(commands, "bundles", "list the weights that --bundle may name")
    parser.add_argument("--json", action="store_true", help="a line of JSON each")
    connection.add_arguments(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """List the bundles."""
    with connection.connected(given) as client:
        bundles = client.bundles()
    if given.json:
        for bundle in bundles:
            print(bundle.model_dump_json())
        return 0
    table = Table("bundle", "digest", "workers", "traffic", "speech", box=None)
    for bundle in bundles:
        traffic = "" if bundle.traffic is None else f"{bundle.traffic:.0%}"
        speaks = "yes" if bundle.speaks else "no"
        table.add_row(f"{bundle.name}:{bundle.version}", bundle.digest[:12], str(bundle.workers), traffic, speaks)
    Console().print(table)
    return 0
