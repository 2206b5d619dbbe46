"""A job's folder goes with its job, and that of a dead worker with the next one's start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from workers.job_folder import job_folder, sweep_job_folders


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_goes_with_its_job(temporary: Path) -> None:
    with job_folder() as folder:
        (folder / "result.png").write_bytes(b"picture")
        assert folder.parent == temporary
        sweep_job_folders()
        assert folder.is_dir(), "its process lives"
    assert list(temporary.iterdir()) == []


def test_the_dead_are_swept_and_nobody_else(temporary: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = temporary / f"portrait-job-{dead.pid}-abc_1"
    left.mkdir()
    (left / "half.mp4").write_bytes(b"half")
    others = [temporary / "portrait-job-x", temporary / f"portrait-job-{os.getpid()}-a", temporary / "photos"]
    for folder in others:
        folder.mkdir()
    sweep_job_folders()
    assert sorted(temporary.iterdir()) == sorted(others)
