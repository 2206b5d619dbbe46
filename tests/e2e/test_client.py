"""The Python client and the command `portrait` against the real service; the examples of their pages as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from client import PortraitClient, ProblemError
from tests.clips import beep, write_clip
from tests.e2e.conftest import Embedded

ROOT = Path(__file__).resolve().parents[2]
PAGES = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("client.md", "live.md"))
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(sh|python)\n(.*?)^```", PAGES, re.MULTILINE | re.DOTALL)
EXAMPLES = [(kind, code) for kind, code in BLOCKS if not code.startswith("pip install") and "LocalP" not in code]
[LOCAL_EXAMPLE] = [code for _, code in BLOCKS if "LocalPortrait()" in code]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, hopper_jpeg: Path, hopper: np.ndarray, astronaut: np.ndarray
) -> Path:
    """A folder with the files that the page names, and `portrait` as it is installed."""
    made = tmp_path_factory.mktemp("client")
    shutil.copy(hopper_jpeg, made / "photo.jpg")
    # Grace Hopper, who is larger, to the right of Eileen Collins.
    group = np.concatenate([astronaut[:360, 60:360], hopper[60:420, 110:410]], 1)
    Image.fromarray(group).save(made / "group.png")
    soundfile.write(made / "speech.wav", beep(0.24, 0.1, 16_000), 16_000)
    write_clip(made / "driver.mp4", [hopper] * 4, [k / 25 for k in range(4)])
    command = made / "bin" / "portrait"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m client "$@"\n')
    command.chmod(0o755)
    return made


def run(command: list[str], folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder; what it printed."""
    environment = {
        **os.environ,
        "PORTRAIT_SERVER": url,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def url(embedded: Embedded) -> str:
    return str(embedded.http.base_url).rstrip("/")


@pytest.mark.parametrize(
    ("language", "code"), EXAMPLES, ids=[f"{language}{n}" for n, (language, _) in enumerate(EXAMPLES)]
)
def test_the_pages_examples_work(language: str, code: str, folder: Path, url: str) -> None:
    code = code.replace("http://127.0.0.1:8000", url)
    done = run(["bash", "-ec", code] if language == "sh" else [sys.executable, "-c", code], folder, url)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in re.findall(r"out[\w-]*\.\w+", code):
        assert any(folder.glob(name.replace(".", "*."))), name


def test_an_edit_is_saved_at_the_photos_size(folder: Path, url: str) -> None:
    done = run(["portrait", "edit", "photo.jpg", "--smile", "0.7", "--yaw", "15", "-o", "new.webp"], folder, url)
    assert (done.returncode, done.stdout) == (0, "new.webp\n"), done.stderr
    with Image.open(folder / "new.webp") as edited, Image.open(folder / "photo.jpg") as photo:
        assert (edited.format, edited.size) == ("WEBP", photo.size)
    done = run(["portrait", "edit", "photo.jpg", "--smile", "0.7", "--size", "128", "-o", "crop.png"], folder, url)
    assert done.returncode == 0, done.stderr
    with Image.open(folder / "crop.png") as crop:
        assert crop.size == (128, 128)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_each_face_of_a_group_gets_the_flags_after_it(folder: Path, url: str) -> None:
    words = ["--face", "1", "--driver", "photo.jpg", "--face", "0", "--set", "jawOpen=0.4"]
    reenacted = ["portrait", "reenact", "group.png", "group.png", *words, "-o", "moved.png"]
    words = ["--face", "0", "--smile", "1", "--face", "1", "--blink", "1"]
    edited = ["portrait", "edit", "group.png", *words, "-o", "edited.png"]
    done = run(["bash", "-ec", f"{shlex.join(reenacted)}; {shlex.join(edited)}"], folder, url)
    assert done.returncode == 0, done.stderr
    before = pixels(folder / "group.png")
    for name in ("moved.png", "edited.png"):
        changed = np.abs(pixels(folder / name) - before).max(-1) > 20
        assert changed[60:260, 330:560].any(), f"{name}: she on the right is the larger, face 0"
        assert changed[60:190, 90:240].any(), f"{name}: she on the left"
    refused = run(["portrait", "edit", "group.png", "--face", "0", "--face", "2", "-o", "no.png"], folder, url)
    assert "shows 2 face(s)" in refused.stderr


def test_an_uploaded_file_is_named_by_its_id(folder: Path, url: str) -> None:
    ids = run(["portrait", "upload", "photo.jpg", "speech.wav"], folder, url).stdout.split()
    done = run(["portrait", "talk", *ids, "--seed", "7", "-o", "named.mp4"], folder, url)
    assert done.returncode == 0, done.stderr
    assert (folder / "named.mp4").read_bytes()[4:8] == b"ftyp"
    with PortraitClient(url) as client:
        assert client.content(ids[1]) == (folder / "speech.wav").read_bytes()
        client.delete(ids[1])
    gone = run(["portrait", "talk", *ids, "-o", "gone.mp4"], folder, url)
    assert gone.returncode == 1
    assert "audio_id" in gone.stderr


def test_a_wrong_slider_is_the_problems_sentence_and_status_1(folder: Path, url: str) -> None:
    done = run(["portrait", "edit", "photo.jpg", "--set", "mouthSmil=0.7", "-o", "wrong.png"], folder, url)
    assert done.returncode == 1
    assert "unknown slider (did you mean mouthSmile?)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "wrong.png").exists()


def test_a_request_that_is_repeated_after_503_makes_one_job(folder: Path, embedded: Embedded, url: str) -> None:
    """The service takes the request, and its answer is lost behind a proxy that says 503."""
    made: list[str] = []

    class Proxy(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if not request.url.path.endswith("/edit"):
                return response
            made.append(json.loads(response.read())["id"])
            return httpx.Response(503, headers={"Retry-After": "0"}) if len(made) < 3 else response

    with PortraitClient(url, transport=Proxy(), sleep=lambda _seconds: None) as client:
        job = client.edit(folder / "photo.jpg", controls={"expression": {"jawOpen": 0.3}})
        assert made == [job.id] * 3
        assert client.wait(job).status == "succeeded"


def test_a_photo_without_a_face_is_its_problem(folder: Path, url: str) -> None:
    Image.new("RGB", (96, 96), "gray").save(folder / "empty.png")
    with PortraitClient(url) as client, pytest.raises(ProblemError) as caught:
        client.wait(client.edit(folder / "empty.png"))
    assert (caught.value.code, caught.value.status) == ("no_face", 422)


def test_a_picture_made_without_a_service_is_the_services(folder: Path, url: str) -> None:
    (folder / "script.py").write_text(LOCAL_EXAMPLE)
    command = ["env", "PORTRAIT_THREADS=1", sys.executable, "script.py"]
    done = run(command, folder, "http://127.0.0.1:1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n[]\n", "")
    with PortraitClient(url) as client:
        there = client.result(client.edit(folder / "photo.jpg", controls={"pose": {"yaw": -15}}))
    assert (folder / "out-here-0.png").read_bytes() == there
