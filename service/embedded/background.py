"""The embedded stack in the background of another program, for as long as that program needs an API."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from types import FrameType

from service.embedded.guard import Guard
from service.embedded.probes import health

START_S = 120.0
STOP_S = 20.0
# Nobody waits for what is under way when the program has come to its end; what the environment says goes first.
_DEFAULTS = {"PORTRAIT_LOG_LEVEL": "warning", "PORTRAIT_DRAIN_S": "0.1", "PORTRAIT_SHUTDOWN_S": "1"}


@contextmanager
def embedded_stack(**settings: str) -> Iterator[str]:
    """Start Redis, API and one worker on a free port, and stop all of them, whatever happens in between.

    SIGTERM and SIGHUP leave the block like an exception; if the program is killed, the stack goes with it.

    Args:
        settings: further environment variables of the stack.

    Yields:
        The API's URL.

    Raises:
        SystemExit: the stack does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory(prefix="portrait-") as data_dir, _exit_on_signals(), Guard() as guard:
        own = {"PORTRAIT_PORT": str(port), "PORTRAIT_DATA_DIR": data_dir}
        # In a session of its own: Ctrl-C reaches this program alone, which then stops the stack once.
        stack = guard.start(
            [sys.executable, "-m", "service.embedded"],
            env={**_DEFAULTS, **os.environ, **settings, **own},
            stdout=2,  # what the program prints may be read by another one
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, stack)
            yield url
        finally:
            _stop(stack)
            guard.forget(stack.pid)


def _wait_until_ready(url: str, stack: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if stack.poll() is not None:
            sys.exit(f"The embedded stack ended with status {stack.returncode} before it was ready; its log is above.")
        if health(url)[0] == 200:
            return
        time.sleep(0.2)
    sys.exit(f"The embedded stack was not ready after {START_S:.0f} s; its log is above.")


def _stop(stack: subprocess.Popen[bytes]) -> None:
    stack.terminate()
    try:
        stack.wait(STOP_S)
    except subprocess.TimeoutExpired:
        stack.kill()  # its own guard ends the rest
        stack.wait()


@contextmanager
def _exit_on_signals() -> Iterator[None]:
    """Turn the signals that would end the program at once into SystemExit; those that it handles or ignores stay."""
    if threading.current_thread() is not threading.main_thread():  # which alone may do so
        yield
        return
    deadly = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in deadly:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in deadly:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
