"""`python -m service.embedded` as a user starts it: real processes, the default bundle, HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.processes import start_process

ROOT = Path(__file__).parents[2]


def start_embedded(folder: Path, log: Path, **settings: str) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a stack on a free port, with its data in `folder`; its URL and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTRAIT_")},
        "PORTRAIT_PORT": str(port),
        "PORTRAIT_DATA_DIR": str(folder / "data"),
        # Two threads that wait for each other are slower than one where other programs want the cores too.
        "PORTRAIT_THREADS": "1",
        **settings,
    }
    command = [sys.executable, "-m", "service.embedded"]
    with log.open("wb") as output:
        process = start_process(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    return f"http://127.0.0.1:{port}", process


class Embedded:
    """A started stack, its processes and a client of it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._log = folder / "log.txt"
        url, self.process = start_embedded(folder, self._log, **settings)
        self.http = httpx.Client(base_url=url, timeout=90)
        try:
            self.wait(lambda: f"Ready: {url}" in self.log, seconds=120)
        except BaseException:
            self.process.kill()
            raise

    @property
    def log(self) -> str:
        """Everything the stack has written so far."""
        return self._log.read_text()

    def wait(self, condition: Callable[[], object], seconds: float) -> None:
        """Wait until the condition holds; fails with the stack's log when it does not, or the stack has ended."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain\n{self.log}"
            assert self.process.poll() is None, f"the stack ended\n{self.log}"
            time.sleep(0.05)

    def processes(self) -> list[psutil.Process]:
        """The stack's process and all below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def worker(self) -> psutil.Process:
        """The worker's process."""
        return next(process for process in self.processes() if process.cmdline()[-2:] == ["-m", "workers"])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the stack to end; its exit status."""
        self.http.close()
        self.process.send_signal(number)
        return self.process.wait(40)


def follow(http: httpx.Client, location: str) -> list[dict[str, Any]]:
    """Every state of a job that its events show."""
    with http.stream("GET", f"{location}/events") as stream:
        return [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data: ")]


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    stack = Embedded(tmp_path_factory.mktemp("embedded"))
    yield stack
    try:
        assert stack.stop() == 0, stack.log
    finally:
        stack.process.kill()


@pytest.fixture
def http(embedded: Embedded) -> httpx.Client:
    return embedded.http


@pytest.fixture(scope="session")
def photo(astronaut_png: Path) -> dict[str, Any]:
    """Eileen Collins as a multipart `source`."""
    return {"source": ("astronaut.png", astronaut_png.read_bytes(), "image/png")}
