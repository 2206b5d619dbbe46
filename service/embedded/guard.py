"""Ends processes when whoever started them is gone, however that happened: kill -9 leaves no time to clean up.

Two halves meet here. `Guard` starts this file as a process of its own and tells it through a pipe what to watch. The
kernel closes the pipe when the writer dies, on every system and through any number of generations, which the
parent-death signal of Linux does not do. The second half imports the standard library alone: it comes up in no time.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, Self

GRACE_S = 1.5  # two guarded generations, one after the other, are gone within 5 s
_POLL_S = 0.05


class Guard:
    """Watches processes that lead a process group, with all of their group, until they are forgotten."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own and watch it; `options` are those of `subprocess.Popen`."""
        process = subprocess.Popen(command, start_new_session=True, **options)
        self.watch(process.pid)
        return process

    def watch(self, leader: int) -> None:
        """End the process group `leader` if this process ends first."""
        self._send(f"+{leader}\n")

    def forget(self, leader: int) -> None:
        """The process has ended: its number may become another one's."""
        self._send(f"-{leader}\n")

    def close(self) -> None:
        """End what is still watched."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # somebody killed the guard; the work goes on without
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def end(leaders: Iterable[int]) -> None:
    """Ask process groups to end, and kill those that have not within the grace time."""
    left = [leader for leader in leaders if _signalled(leader, signal.SIGTERM)]
    deadline = time.monotonic() + GRACE_S
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = [leader for leader in left if _signalled(leader, 0)]
    for leader in left:
        _signalled(leader, signal.SIGKILL)


def _signalled(leader: int, number: int) -> bool:
    """Send a signal to a group; whether there is one."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        return False
    return True


def _serve() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it goes when the pipe closes, and never before
    watched: set[int] = set()
    for line in sys.stdin:
        (watched.add if line[0] == "+" else watched.discard)(int(line[1:]))
    end(watched)


if __name__ == "__main__":
    _serve()
