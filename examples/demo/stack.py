"""The embedded stack, for as long as somebody needs an API."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import httpx

START_SECONDS = 120.0
STOP_SECONDS = 20.0


@contextmanager
def embedded_stack() -> Iterator[str]:
    """Start Redis, API and one worker, yield the API's URL, and stop all of them, whatever happened in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory(prefix="portrait-demo-") as data_dir:
        stack = subprocess.Popen(
            [sys.executable, "-m", "service.embedded"],
            env={
                "PORTRAIT_LOG_LEVEL": "warning",
                **os.environ,
                "PORTRAIT_PORT": str(port),
                "PORTRAIT_DATA_DIR": data_dir,
            },
            start_new_session=True,  # a Ctrl-C in the terminal reaches the demo alone, which then stops the stack once
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, stack)
            yield url
        finally:
            stop(stack)


def wait_until_ready(url: str, stack: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if stack.poll() is not None:
            sys.exit(f"The embedded stack ended with status {stack.returncode} before it was ready; its log is above.")
        try:
            if httpx.get(f"{url}/health/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass  # the API does not listen yet
        time.sleep(0.2)
    sys.exit(f"The embedded stack was not ready after {START_SECONDS:.0f} s; its log is above.")


def stop(stack: subprocess.Popen[bytes]) -> None:
    if stack.poll() is None:
        stack.send_signal(signal.SIGINT)
    try:
        stack.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(stack.pid, signal.SIGKILL)
        stack.wait()
