"""What a killed parent leaves behind: nothing, be it polite or deaf, a child or a grandchild."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from service.embedded.guard import GRACE_S, Guard
from tests.processes import still_running

POLITE = "print(flush=True); import time; time.sleep(60)"
# Ignores SIGTERM, as do its own children.
DEAF = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    f"subprocess.Popen([sys.executable, '-c', {POLITE!r}]).pid; print(flush=True); time.sleep(60)"
)
# A test run under `nohup` ignores SIGHUP, and its children would too.
PARENT = """
import signal, sys, time
from service.embedded.guard import Guard
signal.signal(signal.SIGHUP, signal.SIG_DFL)
guard = Guard()
for code in sys.argv[1:]:
    guard.start([sys.executable, "-c", code])
print("started", flush=True)
time.sleep(60)
"""


def family(*children: str, count: int) -> tuple[psutil.Process, list[psutil.Process]]:
    """A process that guards children, and all below it once there are so many."""
    parent = psutil.Popen([sys.executable, "-c", PARENT, *children], stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(below := parent.children(recursive=True)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.stdout.read(1)
    time.sleep(0.3)  # until the deaf are deaf
    return parent, below


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nobody_outlives_the_parent(number: signal.Signals) -> None:
    parent, below = family(POLITE, DEAF, count=4)  # with the guard and the deaf one's own child
    began = time.monotonic()
    parent.send_signal(number)
    parent.wait(5)
    assert still_running(below, seconds=5) == []
    assert time.monotonic() - began > GRACE_S, "the deaf ones had their time"


def test_the_polite_are_not_kept_waiting() -> None:
    parent, below = family(POLITE, count=2)
    parent.kill()
    parent.wait(5)
    assert still_running(below[1:], seconds=1) == [], "all but the guard"


@pytest.mark.slow
def test_a_guard_that_closes_ends_what_it_watches_and_nothing_else() -> None:
    with Guard() as guard:
        watched = guard.start([sys.executable, "-c", POLITE], stdout=subprocess.PIPE)
        other = guard.start([sys.executable, "-c", POLITE], stdout=subprocess.PIPE)
        assert watched.stdout is not None
        watched.stdout.readline()
        guard.forget(other.pid)
    assert watched.wait(5) == -signal.SIGTERM
    assert other.poll() is None
    other.kill()
    other.wait(5)


def test_work_goes_on_without_a_guard() -> None:
    guard = Guard()
    os.kill(guard._process.pid, signal.SIGKILL)
    guard._process.wait(5)
    child = guard.start([sys.executable, "-c", "pass"])
    assert child.wait(20) == 0
    guard.forget(child.pid)
    guard.close()
