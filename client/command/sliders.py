"""`portrait sliders`: what can be edited."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from client.command import connection
from client.command.subcommand import add_subcommand
from client.documents import Sliders


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(commands, "sliders", "list what can be edited", examples=("sliders --local",))
    parser.add_argument("--json", action="store_true", help="print the document of GET /sliders")
    connection.add_arguments(parser, local=True)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """List the sliders."""
    with connection.opened(given) as client:
        sliders = client.sliders()
    if given.json:
        print(sliders.model_dump_json(indent=1))
    else:
        Console().print(_table(sliders))
    return 0


def _table(sliders: Sliders) -> Table:
    table = Table("slider", "range", "what it does", box=None)
    for name, sides in sliders.shorthands.items():
        table.add_row(name, "", " and ".join(sides))
    for slider in sliders.expression:
        table.add_row(slider.name, f"{slider.min:g} to {slider.max:g}", slider.description)
    for axis in sliders.pose:
        table.add_row(axis.name, f"{axis.min:g} to {axis.max:g}", axis.unit)
    return table
