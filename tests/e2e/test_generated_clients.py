"""Clients that others generate from /openapi.json, against the real service."""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.clips import beep, write_clip
from tests.e2e.conftest import Embedded

TYPESCRIPT = Path(__file__).parent / "typescript"
PACKAGE = "generated_portrait_client"
OLDEST_NODE = 18  # with fetch

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, hopper_jpeg: Path, hopper: np.ndarray) -> Path:
    """A folder with a photo, a driver of four frames and a speech of a quarter of a second."""
    made = tmp_path_factory.mktemp("generated")
    shutil.copy(hopper_jpeg, made / "photo.jpg")
    write_clip(made / "driver.mp4", [hopper] * 4, [k / 25 for k in range(4)])
    soundfile.write(made / "speech.wav", beep(0.24, 0.1, 16_000), 16_000)
    return made


@pytest.fixture(scope="module")
def document(folder: Path, embedded: Embedded) -> Path:
    """The OpenAPI document, as the service gives it."""
    path = folder / "openapi.json"
    path.write_bytes(embedded.http.get("/openapi.json").content)
    return path


def checked(command: list[str], folder: Path) -> str:
    """What a command printed, which has to succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(folder: Path, document: Path) -> Iterator[ModuleType]:
    """The package that openapi-python-client writes, without one warning; every module of it is imported."""
    (folder / "config.yml").write_text("post_hooks: []\n")  # no formatting, for which it would look on PATH
    where = ["--path", str(document), "--config", "config.yml", "--output-path", PACKAGE]
    checked(
        [sys.executable, "-m", "openapi_python_client", "generate", *where, "--meta", "none", "--fail-on-warning"],
        folder,
    )
    sys.path.insert(0, str(folder))
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        importlib.import_module(module.name)
    yield package
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


class Generated:
    """The generated package, and its client of the real service."""

    def __init__(self, package: ModuleType, url: str) -> None:
        self.models = package.models
        self._client = package.Client(base_url=f"{url}/v1", timeout=httpx.Timeout(90))

    def call(self, tag: str, operation: str, *arguments: Any, **named: Any) -> Any:
        """Call the function of an operation."""
        module = importlib.import_module(f"{PACKAGE}.api.{tag}.{operation}")
        return module.sync(*arguments, client=self._client, **named)

    def file(self, path: Path) -> Any:
        """A file of a form."""
        types = importlib.import_module(f"{PACKAGE}.types")
        return types.File(io.BytesIO(path.read_bytes()), path.name)

    def result(self, job: Any) -> bytes:
        """The media of a job that has succeeded."""
        assert isinstance(job, self.models.Job), job
        assert job.status == self.models.JobStatus.SUCCEEDED, job.to_dict()
        content: bytes = self.call("jobs", "read_result", job.id).payload.read()
        return content


@pytest.fixture
def generated(python: ModuleType, embedded: Embedded) -> Generated:
    return Generated(python, str(embedded.http.base_url).rstrip("/"))


def test_the_python_client_edits(generated: Generated, folder: Path) -> None:
    models = generated.models
    controls = models.Controls.from_dict({"expression": {"mouthSmile": 0.7}, "pose": {"yaw": 10}})
    options = models.EditOptions(paste_back=False, output=models.Output(size=128))
    form = models.EditForm(source=generated.file(folder / "photo.jpg"), controls=controls, options=options)
    job = generated.call("editing", "edit", body=form, prefer="wait=60")
    with Image.open(io.BytesIO(generated.result(job))) as picture:
        assert (picture.format, picture.size) == ("PNG", (128, 128))
    assert generated.call("jobs", "read_job", job.id).to_dict() == job.to_dict()
    event = generated.call("jobs", "stream_events", job.id)
    assert json.loads(event.partition("data: ")[2].partition("\n")[0])["status"] == "succeeded"


def test_the_python_client_reenacts_and_talks_with_an_uploaded_photo(generated: Generated, folder: Path) -> None:
    models, photo = generated.models, generated.file(folder / "photo.jpg")
    source = generated.call("sources", "create_source", body=models.SourceForm(source=photo))
    assert (source.width, source.height) == (512, 600)
    driver = generated.file(folder / "driver.mp4")
    form = models.ReenactForm(driver=driver, source_id=source.id, options=models.ReenactOptions(smoothing=0.3))
    assert b"ftyp" in generated.result(generated.call("editing", "reenact", body=form, prefer="wait=60"))[:12]
    speech = generated.file(folder / "speech.wav")
    form = models.TalkForm(audio=speech, source_id=source.id, options=models.TalkOptions(seed=7))
    job = generated.call("editing", "talk", body=form, prefer="wait=60")
    assert b"ftyp" in generated.result(job)[:12]
    assert job.result.seed == 7


def test_the_python_client_extracts_and_looks_at_faces(generated: Generated, folder: Path) -> None:
    models, photo = generated.models, folder / "photo.jpg"
    form = models.ExtractForm(source=generated.file(photo))
    motion = generated.call("editing", "extract", body=form, prefer="wait=60")
    assert isinstance(motion, models.MotionDocument), motion
    assert len(motion.frames[0].coefficients) == len(motion.names)
    assert generated.call("editing", "read_sliders").coefficients == len(motion.names)
    faces = generated.call("editing", "faces", body=models.FacesForm(source=generated.file(photo)), prefer="wait=60")
    assert faces.faces[0].verdicts.edit.verdict == "good"


def test_the_python_client_keeps_a_motion(generated: Generated, folder: Path) -> None:
    form = generated.models.MotionForm(name="kept", driver=generated.file(folder / "driver.mp4"))
    document = json.loads(generated.result(generated.call("editing", "create_motion", body=form, prefer="wait=60")))
    assert document["space"] == "arkit"
    motion = generated.call("editing", "read_motion", "kept")
    assert (motion.id, motion.shipped, motion.frames) == ("kept", False, len(document["frames"]))
    listed = generated.call("editing", "list_motions").motions
    assert motion.to_dict() in [one.to_dict() for one in listed]
    assert generated.call("editing", "delete_motion", "kept") is None


def test_the_python_client_gets_problems(generated: Generated, folder: Path) -> None:
    models = generated.models
    controls = models.Controls.from_dict({"expression": {"mouthSmil": 1}})
    form = models.EditForm(source=generated.file(folder / "photo.jpg"), controls=controls)
    problem = generated.call("editing", "edit", body=form)
    assert isinstance(problem, models.Problem), problem
    assert (problem.status, problem.code) == (422, "invalid_request")
    assert problem.errors[0].field == "controls.expression.mouthSmil"
    assert generated.call("jobs", "read_job", "nothing").code == "unknown_job"


def test_the_python_client_takes_answers_of_a_later_version(python: ModuleType) -> None:
    now = "2030-01-01T00:00:00Z"
    job = {"id": "1", "kind": "dream", "status": "queued", "progress": {"phase": 1}, "created_at": now, "mood": "new"}
    job["warnings"] = [{"code": "added_later", "message": "m", "where": "x"}]
    read = python.models.Job.from_dict(job)
    assert read.additional_properties == {"mood": "new"}
    assert read.warnings[0].code == "added_later"


@pytest.fixture(scope="module")
def node_modules(folder: Path) -> Path:
    """A folder with openapi-typescript, TypeScript and openapi-fetch in it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js with npm is not installed: no client in TypeScript is generated")
    version = checked(["node", "--version"], folder).strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node.js {version} has no fetch: {OLDEST_NODE} or newer runs the client in TypeScript")
    made = folder / "typescript"
    shutil.copytree(TYPESCRIPT, made)
    options = ["--no-audit", "--no-fund", "--prefer-offline", "--no-package-lock"]
    done = subprocess.run(
        ["npm", "install", *options], cwd=made, capture_output=True, text=True, timeout=200, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot install openapi-typescript here: {done.stderr.strip()[-300:]}")
    return made


def test_the_typescript_client_compiles_and_runs(
    node_modules: Path, document: Path, folder: Path, embedded: Embedded
) -> None:
    programs = node_modules / "node_modules" / ".bin"
    checked([str(programs / "openapi-typescript"), str(document), "-o", "api.d.ts"], node_modules)
    flags = ["--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    checked([str(programs / "tsc"), *flags, "program.ts"], node_modules)
    printed = checked(["node", "program.js", str(embedded.http.base_url).rstrip("/"), str(folder)], node_modules)
    assert printed.splitlines() == [
        "edit image/jpeg true",
        "reenact video/mp4 true",
        "talk video/mp4 true",
        "extract arkit true",
        "error 422 invalid_request controls.expression.mouthSmil",
        "event done succeeded",
    ]
