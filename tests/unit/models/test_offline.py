"""Loading the bundle calls nobody and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sealed import SUPPORTED

ROOT = Path(__file__).parents[3]
LOAD_AND_LOOK = """
from models.portrait import PortraitEditor
import numpy as np
editor = PortraitEditor.load(device="cpu", threads=1)
try:
    editor.analyse(np.zeros((64, 64, 3), np.uint8))
except Exception as error:
    print(type(error).__name__)
"""


def run(code: str, home: Path, *, sealed: bool) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that knows no home but this one."""
    telemetry = "ORT_DISABLE_TELEMETRY"  # this process has it from `models`; the other one shall find out by itself
    environment = {
        **{name: value for name, value in os.environ.items() if name != telemetry and not name.startswith("XDG_")},
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUDA_VISIBLE_DEVICES": "",  # a driver's devices are opened for writing
    }
    if sealed:  # numba tries whether it may write into this package's own folder, where it keeps compiled loops
        environment["NUMBA_DISABLE_JIT"] = "1"
    start = "from tests.sealed import seal; seal()\n" if sealed else ""
    return subprocess.run(
        [sys.executable, "-c", start + code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_nothing_is_written_to_the_users_folders(tmp_path: Path) -> None:
    done = run(LOAD_AND_LOOK, tmp_path, sealed=False)
    assert (done.returncode, done.stdout) == (0, "NoFaceError\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not SUPPORTED, reason="this system has no seccomp filters")
class TestSealed:
    """Under a filter that ends the process at the first socket, and at the first file opened for writing."""

    @pytest.mark.slow
    def test_the_bundle_loads_and_works(self, tmp_path: Path) -> None:
        done = run(LOAD_AND_LOOK, tmp_path, sealed=True)
        assert done.returncode != -signal.SIGSYS, "it opened a socket, or a file for writing"
        assert (done.returncode, done.stdout) == (0, "NoFaceError\n"), done.stderr

    @pytest.mark.parametrize(
        "deed",
        [
            "import socket; socket.socket()",
            "import ctypes; ctypes.CDLL(None).socket(2, 1, 0)",
            "import threading; t = threading.Thread(target=open, args=('made', 'w')); t.start(); t.join()",
        ],
        ids=["socket", "socket of a C library", "file of a thread"],
    )
    def test_the_seal_holds(self, deed: str, tmp_path: Path) -> None:
        assert run(deed, tmp_path, sealed=True).returncode == -signal.SIGSYS
