"""What the libraries themselves say about how they run, in fresh interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OURS = ("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "OPENCV_", "ORT_", "PORTRAIT_")


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python code without the variables that this process got from `models` itself."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment |= {"OMP_DISPLAY_ENV": "VERBOSE", **variables}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)


# Ends the process at the first import of a library that reads the variables, or else at the end of `--help`.
AT_THE_FIRST_LIBRARY = """
import atexit, os, runpy, sys

def tell():
    print(os.environ.get("OMP_WAIT_POLICY"), os.environ.get("ORT_DISABLE_TELEMETRY"), flush=True)

class Finder:
    def find_spec(self, name, *_):
        if name in ("numpy", "torch", "cv2", "onnxruntime", "scipy"):
            tell()
            os._exit(0)

sys.meta_path.insert(0, Finder())
atexit.register(tell)
sys.argv = ["command", "--help"]
runpy.run_module(NAME, run_name="__main__")
"""
ROOT = Path(__file__).parents[3]
COMMANDS = sorted(
    ".".join(path.relative_to(ROOT).parent.parts)
    for room in ("workers", "models", "training", "evaluation")
    for path in (ROOT / room).rglob("__main__.py")
) + [f"benchmarks.{path.stem}" for path in sorted((ROOT / "benchmarks").glob("*.py")) if path.stem != "__init__"]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_sets_the_rules_before_any_library(command: str) -> None:
    assert run(f"NAME = {command!r}\n{AT_THE_FIRST_LIBRARY}").stdout.splitlines()[-1] == "PASSIVE 1"


@pytest.mark.slow
def test_openmp_sleeps_when_idle() -> None:
    """The OpenMP library that torch loads reports its settings as it comes up."""
    output = run("import models.portrait").stderr
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in output
    if "GOMP_" in output:
        assert "GOMP_SPINCOUNT = '0'" in output


@pytest.mark.slow
def test_what_the_user_has_set_stays() -> None:
    output = run("import models.portrait", OMP_WAIT_POLICY="ACTIVE", OMP_NUM_THREADS="3").stderr
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in output
    assert "OMP_NUM_THREADS = '3'" in output


THREADS = "import models.portrait, torch, cv2; print(torch.get_num_threads(), cv2.getNumThreads())"


@pytest.mark.slow
def test_one_setting_gives_the_threads() -> None:
    assert run(THREADS, PORTRAIT_THREADS="1").stdout == "1 1\n"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_threads_follow_the_affinity() -> None:
    core = min(os.sched_getaffinity(0))
    assert run(f"import os; os.sched_setaffinity(0, {{{core}}}); {THREADS}").stdout == "1 1\n"


def test_blas_and_its_children_inherit_the_rules() -> None:
    """What a process starts runs by the same rules: a decoder, a pool of training processes."""
    code = (
        "import models, subprocess, sys\n"
        'code = \'import os; print(os.environ["OPENBLAS_THREAD_TIMEOUT"], os.environ["ORT_DISABLE_TELEMETRY"])\'\n'
        "print(subprocess.check_output([sys.executable, '-c', code], text=True))"
    )
    assert run(code).stdout.split() == ["4", "1"]
