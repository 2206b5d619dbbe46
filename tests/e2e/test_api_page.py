"""docs/api.md: its examples, run in turn and as they stand, against the real service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.clips import beep, write_clip
from tests.e2e.conftest import Embedded

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES: list[tuple[str, str]] = re.findall(r"^```(sh|python)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, hopper_jpeg: Path, hopper: np.ndarray, astronaut: np.ndarray
) -> Path:
    """A folder with the files that the page names."""
    made = tmp_path_factory.mktemp("api")
    shutil.copy(hopper_jpeg, made / "photo.jpg")
    Image.fromarray(np.concatenate([astronaut[:360, 60:360], hopper[60:420, 110:410]], 1)).save(made / "group.jpg")
    soundfile.write(made / "speech.wav", beep(0.24, 0.1, 16_000), 16_000)
    write_clip(made / "driver.mp4", [hopper] * 4, [k / 25 for k in range(4)])
    return made


def run(language: str, code: str, folder: Path, url: str) -> str:
    """Run an example; what it printed."""
    code = code.replace("http://127.0.0.1:8000", url)
    command = ["bash", "-ec", code] if language == "sh" else [sys.executable, "-c", code]
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("language", "code"), EXAMPLES, ids=[f"{kind}{n}" for n, (kind, _) in enumerate(EXAMPLES)])
def test_the_pages_examples_work(language: str, code: str, folder: Path, embedded: Embedded) -> None:
    printed = run(language, code, folder, str(embedded.http.base_url).rstrip("/"))
    written = {folder / name for name in re.findall(r"\bout-[\w-]+\.\w+", code)}
    for path in written:
        check_file(path, folder)
    if "/faces" in code:
        [face] = json.loads(printed)["faces"]
        assert face["verdicts"]["edit"]["verdict"] == "good"
    elif language == "sh" and not written and "curl" in code:
        job = json.loads(re.split(r"(?<=\})(?=\{)", printed)[-1])
        assert job["status"] in {"queued", "running", "succeeded"}, "it is answered with a job"


def check_file(path: Path, folder: Path) -> None:
    """What an example wrote is what its name says."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) > 1
    elif path.suffix == ".obj":
        assert "\nf " in path.read_text()
    elif path.name == "out-same.jpg":
        assert path.read_bytes() == (folder / "photo.jpg").read_bytes()
    else:
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == {".png": "PNG", ".jpg": "JPEG"}[path.suffix]
            assert picture.size == ((600, 360) if "group" in path.name else (512, 600))
