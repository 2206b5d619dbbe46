"""What does a command's work: a service at a URL, or this process."""

from __future__ import annotations

import argparse
import os
import sys

from client.command.environment import API_KEY, SERVER
from client.http import DEFAULT_URL
from client.local import LocalPortrait
from client.sync_client import PortraitClient


def add_arguments(parser: argparse.ArgumentParser, *, local: bool = False) -> None:
    """The options that name the service; `local`: or that do without one."""
    group = parser.add_argument_group("service")
    url = f"of the service (${SERVER}, else {DEFAULT_URL})"
    group.add_argument("--server", metavar="URL", default=os.environ.get(SERVER), help=url)
    # A key is not shown by --help.
    group.add_argument("--api-key", metavar="KEY", help=f"where the service asks for one (${API_KEY})")
    if local:
        here = "needs no service: loads the models and does the work in this process"
        group.add_argument("--local", action="store_true", help=here)


def connected(given: argparse.Namespace) -> PortraitClient:
    """A client of the service that the command line names."""
    api_key = given.api_key or os.environ.get(API_KEY)
    return PortraitClient(given.server or DEFAULT_URL, api_key or None)


def opened(given: argparse.Namespace) -> PortraitClient | LocalPortrait:
    """The same, or with `--local` what does the work here."""
    return LocalPortrait(on_load=_announce) if given.local else connected(given)


def _announce() -> None:
    if sys.stderr.isatty():
        print("Loading the models.", file=sys.stderr)
