"""Processes that tests start: none of them outlives the test run, be it killed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import psutil

from service.embedded.guard import Guard


def start_process(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; `options` are those of `subprocess.Popen`."""
    return _guard().start(command, **options)


@cache
def _guard() -> Guard:
    return Guard()


def still_running(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that have not ended within so many seconds. A dead one that nobody has collected has ended."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
