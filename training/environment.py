"""What a training runs with: versions of the packages that decide its numbers, and the revision of its own code."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import JsonValue

_PACKAGES = (
    "numba",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "opencv-python-headless",
    "scipy",
    "torch",
)
_ROOT = Path(__file__).resolve().parent.parent


def package_versions() -> dict[str, JsonValue]:
    """Version by name, of Python and of the packages that are installed."""
    found: dict[str, JsonValue] = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_state(root: Path = _ROOT) -> dict[str, JsonValue] | None:
    """The revision of the checkout at `root` and whether files differ from it; None where `root` is no checkout."""
    if not (root / ".git").exists():  # perhaps inside somebody else's
        return None
    try:
        revision, status = (
            subprocess.run(["git", "-C", root, *command], capture_output=True, text=True, check=True).stdout
            for command in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"revision": revision.strip(), "dirty": bool(status.strip())}
