"""The README's commands, run as they stand against the embedded stack, and the demo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import httpx
import numpy as np
import psutil
import pytest
import soundfile
from PIL import Image

from tests.clips import beep, write_clip

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
CURL = [block for block in BLOCKS if "curl" in block]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


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
def test_curl_examples_work(
    block: str, http: httpx.Client, hopper_jpeg: Path, hopper: np.ndarray, tmp_path: Path
) -> None:
    shutil.copy(hopper_jpeg, tmp_path / "photo.jpg")
    soundfile.write(tmp_path / "speech.wav", beep(0.24, 0.1, 16_000), 16_000)
    write_clip(tmp_path / "driver.mp4", [hopper] * 6, [k / 25 for k in range(6)], sounds=[beep(0.24, 0.1)])
    printed = run(block, str(http.base_url).rstrip("/"), tmp_path)
    if "/reenact" in block or "/talk" in block:
        assert "event: done" in printed
        [made] = [path for path in tmp_path.glob("*.mp4") if path.name != "driver.mp4"]
        with av.open(str(made)) as clip:
            assert [stream.type for stream in clip.streams] == ["video", "audio"]
            assert sum(1 for _ in clip.decode(video=0)) == 6
        return
    with Image.open(tmp_path / "edited.png") as picture, Image.open(tmp_path / "photo.jpg") as photo:
        assert picture.size == photo.size
        assert picture.convert("RGB").tobytes() != photo.convert("RGB").tobytes()


def test_demo_writes_its_contact_sheet_and_leaves_no_process(tmp_path: Path) -> None:
    from examples.demo.__main__ import PERFORMANCE, PERFORMANCE_FPS
    from examples.demo.contact_sheet import CAPTION, EDITS, TILE

    sheet = tmp_path / "out" / "sheet.png"
    started = subprocess.Popen(
        [sys.executable, "-m", "examples.demo", "--output", str(sheet)],
        cwd=ROOT,
        env={**os.environ, "STARTED_BY": str(tmp_path)},  # inherited, and so marks every process of the stack
        stdout=subprocess.PIPE,
        text=True,
    )
    printed, _ = started.communicate(timeout=240)
    assert started.returncode == 0, printed
    assert len(re.findall(r"\d+\.\d\d s$", printed, re.MULTILINE)) >= 2 * len(EDITS)
    with Image.open(sheet) as picture:
        assert picture.height == 2 * 2 * (TILE + CAPTION)
    with av.open(str(sheet.with_name("reenactment.mp4"))) as clip:
        seconds = PERFORMANCE[-1]["time"]
        assert sum(1 for _ in clip.decode(video=0)) == pytest.approx(seconds * PERFORMANCE_FPS, abs=2)
    with av.open(str(sheet.with_name("talk.mp4"))) as clip:
        assert [stream.type for stream in clip.streams] == ["video", "audio"]
    assert [process for process in psutil.process_iter() if started_by(process, tmp_path)] == []


def started_by(process: psutil.Process, marker: Path) -> bool:
    """Whether the process inherited the marker that the demo was started with."""
    try:
        return process.environ().get("STARTED_BY") == str(marker)
    except psutil.Error:  # gone meanwhile, or another user's
        return False
