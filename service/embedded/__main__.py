"""`python -m service.embedded`: Redis, the API and one worker on this machine, until Ctrl-C."""

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from service.embedded.errors import StackError
from service.embedded.settings import EmbeddedSettings
from service.embedded.stack import Stack
from service.errors import OpenToStrangersError
from service.exposure import check_exposure
from workers.contract.logs import configure_logging


def main() -> None:
    """Run the stack; exits with status 1 when it fails, 0 when it was requested to end."""
    argparse.ArgumentParser(
        prog="python -m service.embedded",
        description="Run Redis, the API and one worker on this machine until Ctrl-C.",
        epilog="It takes no arguments. docs/settings.md lists its settings, PORTRAIT_… variables of the environment.",
    ).parse_args()
    settings = EmbeddedSettings()
    configure_logging(settings.log_level)
    try:
        check_exposure(settings)  # before anything starts; the API would say the same, in the middle of it
    except OpenToStrangersError as error:
        sys.exit(str(error))
    _print_line("Starting Redis, the API and one worker; the worker loads its models for a few seconds.")
    try:
        asyncio.run(_run(settings))
    except* StackError as failures:
        sys.exit("\n".join(_messages(failures)))


async def _run(settings: EmbeddedSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Not in the data folder: the path of a Unix socket may have about a hundred characters only.
    with tempfile.TemporaryDirectory(prefix="portrait-") as run_dir:
        await Stack(settings, Path(run_dir)).run(stop, on_ready=_announce)


def _announce(url: str) -> None:
    _print_line(f"Ready: {url} (in a browser; the API is described at {url}/docs). Ctrl-C stops it.")


def _print_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- this is a command line


def _messages(failures: BaseExceptionGroup[StackError]) -> list[str]:
    """The messages of all errors in nested groups."""
    return [
        message
        for failure in failures.exceptions
        for message in (_messages(failure) if isinstance(failure, BaseExceptionGroup) else [str(failure)])
    ]


if __name__ == "__main__":
    main()
