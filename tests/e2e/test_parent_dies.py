"""Whoever started a stack is killed or requested to end while a job runs: nothing is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import ROOT, Embedded
from tests.e2e.test_trouble import start_clip
from tests.processes import start_process, still_running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]  # on a busy machine; 30 s on an idle one

# Like a benchmark: starts a stack, sends a job, and has a long time to wait.
PROGRAM = """
import json, sys, time
import httpx
from service.embedded.background import embedded_stack

controls = {"keyframes": [{"time": 0}, {"time": 20, "pose": {"yaw": 20}}]}
with embedded_stack() as url, httpx.Client(base_url=url, timeout=60) as http:
    photo = open(sys.argv[1], "rb").read()
    answer = http.post("/edit", files={"source": photo}, data={"controls": json.dumps(controls)})
    while not http.get(answer.headers["location"]).json()["progress"]["done"]:
        time.sleep(0.1)
    print("running", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("number", "status", "seconds"),
    [(signal.SIGKILL, -signal.SIGKILL, 5), (signal.SIGTERM, 128 + signal.SIGTERM, 20)],  # in order takes longer
    ids=["killed", "requested to end"],
)
def test_a_program_takes_its_stack_along(
    number: signal.Signals, status: int, seconds: float, astronaut_png: Path, tmp_path: Path
) -> None:
    program = start_process(
        [sys.executable, "-c", PROGRAM, str(astronaut_png)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "PORTRAIT_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert program.stdout is not None
    printed = b""
    while b"running" not in printed:
        line = program.stdout.readline()
        printed += line
        assert line, printed.decode()
    below = psutil.Process(program.pid).children(recursive=True)
    assert {"service.embedded", "service", "workers"} <= {process.cmdline()[-1] for process in below}
    assert len(below) >= 7, "with Redis, the decoder and two guards"
    program.send_signal(number)
    assert still_running([*below, psutil.Process(program.pid)], seconds) == []
    assert program.wait(5) == status
    if number == signal.SIGTERM:
        assert [path for path in tmp_path.iterdir() if re.match("portrait-", path.name)] == []


def test_a_stack_that_is_killed_leaves_nothing(tmp_path: Path, photo: dict[str, Any]) -> None:
    stack = Embedded(tmp_path)
    start_clip(stack, photo)
    processes = stack.processes()
    stack.process.kill()
    stack.process.wait(5)
    assert still_running(processes, seconds=5) == []
