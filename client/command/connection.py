"""Which service a command talks to: one at a URL, or one of its own for as long as it runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from client.command.environment import API_KEY, SERVER
from client.command.errors import CommandError
from client.http import DEFAULT_URL
from client.sync_client import PortraitClient

# Nobody else is to reach the stack, and the command needs no key for it.
_OF_ITS_OWN = {"PORTRAIT_HOST": "127.0.0.1", "PORTRAIT_API_KEYS": "", "PORTRAIT_RATE_LIMIT": "0"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name the service."""
    group = parser.add_argument_group("service")
    group.add_argument("--server", metavar="URL", default=os.environ.get(SERVER), help=f"its URL (${SERVER})")
    # A key is not shown by --help.
    group.add_argument("--api-key", metavar="KEY", help=f"where it asks for one (${API_KEY})")
    group.add_argument("--local", action="store_true", help="start one on this machine for this command alone")


@contextmanager
def connected(given: argparse.Namespace) -> Iterator[PortraitClient]:
    """A client of the service that the command line names."""
    if given.local:
        with _own_service() as url, PortraitClient(url) as client:
            yield client
        return
    api_key = given.api_key or os.environ.get(API_KEY)
    with PortraitClient(given.server or DEFAULT_URL, api_key or None) as client:
        yield client


@contextmanager
def _own_service() -> Iterator[str]:
    try:
        # By name, and only here: everything else works where the service's packages cannot be imported.
        background = importlib.import_module("service.embedded.background")
    except ImportError as error:
        raise CommandError(
            f"--local needs the service on this machine ({error}): pip install 'pirenderer-service[embedded,worker]'"
        ) from error
    print("Starting a service for this command; its worker loads the models for a few seconds.", file=sys.stderr)
    with background.embedded_stack(**_OF_ITS_OWN) as url:
        yield url
