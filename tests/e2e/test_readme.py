"""The README's commands, run as they stand, and the demo, against the embedded stack that the demo starts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
CURL = [block for block in BLOCKS if "curl" in block]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    from examples.demo import embedded_stack

    with embedded_stack() as started:
        yield started


def run(block: str, url: str, folder: Path) -> str:
    """Run a block of the README in `folder`; what it printed."""
    command = block.replace("http://127.0.0.1:8000", url)
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", CURL, ids=[f"curl{number}" for number in range(len(CURL))])
def test_curl_examples_work(block: str, url: str, hopper_jpeg: Path, tmp_path: Path) -> None:
    shutil.copy(hopper_jpeg, tmp_path / "photo.jpg")
    printed = run(block, url, tmp_path)
    if "--output" not in block:
        job = json.loads(printed)
        assert job["status"] in {"queued", "running", "succeeded"}
        assert job["kind"] == "edit"
        return
    [edited] = tmp_path.glob("edited.*")
    with Image.open(edited) as picture, Image.open(tmp_path / "photo.jpg") as photo:
        assert picture.format == {".png": "PNG", ".jpg": "JPEG"}[edited.suffix]
        assert picture.size == photo.size
        assert picture.convert("RGB").tobytes() != photo.convert("RGB").tobytes()


def test_demo_writes_its_contact_sheet(url: str, tmp_path: Path) -> None:
    from examples import demo

    sheet = tmp_path / "out" / "sheet.png"
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), "--url", url, "--output", str(sheet)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"\d+\.\d\d s$", done.stdout, re.MULTILINE)) >= 2 * len(demo.EDITS)
    with Image.open(sheet) as picture:
        assert picture.size == (demo.TILE * (1 + len(demo.EDITS)), demo.CAPTION + 2 * demo.TILE)
