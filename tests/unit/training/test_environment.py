"""Versions and the code's revision."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import torch

from training.environment import git_state, package_versions


def git(folder: Path, *command: str) -> str:
    name = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", "-C", folder, *name, *command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_versions_are_those_that_run() -> None:
    versions = package_versions()
    assert versions["python"] == platform.python_version()
    # Builds add a suffix, which not all of them write into their metadata.
    assert str(versions["torch"]).partition("+")[0] == torch.__version__.partition("+")[0]


def test_a_revision_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    assert git_state(tmp_path) == {"revision": git(tmp_path, "rev-parse", "HEAD"), "dirty": False}
    (tmp_path / "code.py").write_text("2")
    state = git_state(tmp_path)
    assert state is not None
    assert state["dirty"] is True
    (tmp_path / "inside").mkdir()
    assert git_state(tmp_path / "inside") is None, "somebody else's checkout"
