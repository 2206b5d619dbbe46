"""Jobs in this process, through the client: checks, tasks, the decoder's child; the models alone are stood in for."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

import workers.local.worker
from client import Edit, Job, JobCancelledError, LocalPortrait, LocalSetupError, ProblemError, SourceId
from client.command.main import main
from tests.clips import beep, write_clip
from tests.integration.workers.standin import Standin
from workers.contract.code_version import code_version

pytestmark = pytest.mark.integration

SLOW = {"keyframes": [{"time": 0, "expression": {"mouthFunnel": 0.3}}, {"time": 4}]}


@pytest.fixture(scope="module", autouse=True)
def _standing_in() -> Iterator[None]:
    opened = partial(workers.local.worker.open_local_worker, load=lambda _: Standin())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.local.worker.open_local_worker", opened)
        yield


@pytest.fixture(scope="module")
def portrait() -> Iterator[LocalPortrait]:
    with LocalPortrait() as portrait:
        yield portrait


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, astronaut: np.ndarray) -> Path:
    made = tmp_path_factory.mktemp("local")
    Image.fromarray(astronaut[::4, ::4]).save(made / "photo.png")
    Image.new("RGB", (64, 64), "gray").save(made / "empty.png")
    flash = [np.full((64, 64, 3), value, np.uint8) for value in (60, 60, 200, 60)]
    sound = beep(0.16, 0.1, 44_100)
    write_clip(made / "driver.mp4", flash, [k / 25 for k in range(4)], sounds=[sound])
    soundfile.write(made / "speech.wav", beep(0.24, 0.1, 16_000), 16_000)
    (made / "broken.png").write_bytes((made / "photo.png").read_bytes()[:900])
    return made


def frames(clip: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_an_edit_is_a_job_with_everything_that_a_worker_reports(portrait: LocalPortrait, folder: Path) -> None:
    job = portrait.edit(folder / "photo.png", controls={"expression": {"jawOpen": 0.9}}, metadata={"order": "7"})
    assert (job.status, job.progress.stage) == ("queued", "queued")
    stages: list[str] = []
    done = portrait.wait(job, on_progress=lambda now: stages.append(now.progress.stage))
    assert list(dict.fromkeys(stages)) == ["decode", "extract", "render", "encode", "done"]
    assert (done.status, done.metadata, done.code_version) == ("succeeded", {"order": "7"}, code_version(None))
    assert done.bundle is not None
    assert done.bundle.name == "stand-in"
    assert done.result is not None
    assert (done.result.media_type, done.result.width) == ("image/png", 128)
    assert done.metrics.keys() >= {"decode_s", "extract_s", "render_s", "encode_s"}
    with Image.open(portrait.save(job, folder / "out.png")) as saved:
        assert saved.getpixel((64, 64)) == (255, 255, 255)
    assert portrait.result(job) == (folder / "out.png").read_bytes()
    with Image.open(io.BytesIO(portrait.result(portrait.edit((folder / "photo.png").read_bytes())))) as untouched:
        assert untouched.size == (128, 128)


def test_clips_documents_and_looks(portrait: LocalPortrait, folder: Path) -> None:
    photo = portrait.upload(folder / "photo.png")
    moved = portrait.reenact(photo, folder / "driver.mp4", options={"mode": "absolute", "smoothing": 0})
    clip = portrait.result(moved)
    assert [frame[64, 64].mean() > 250 for frame in frames(clip)] == [False, False, True, False]
    with av.open(io.BytesIO(clip)) as container:
        assert container.streams.audio, "the driver's sound"
    own = {"face": 0, "driver": folder / "driver.mp4", "controls": {"expression": {"jawOpen": 0.1}}}
    assert len(frames(portrait.result(portrait.reenact(photo, SourceId("wink"), faces=[own])))) > 4
    document = portrait.result(portrait.extract(folder / "driver.mp4"))
    assert len(json.loads(document)["frames"]) == 4
    again = portrait.result(portrait.reenact(photo, document, options={"mode": "absolute"}))
    with av.open(io.BytesIO(again)) as container:
        assert container.streams.audio, "of the video that the document refers to"
    nodding = portrait.talk(
        photo, folder / "speech.wav", options={"samples": 2, "seed": 3, "pose": json.loads(document)}
    )
    assert [result.seed for result in portrait.wait(nodding).results] == [3, 4]
    assert [len(frames(portrait.result(nodding, index=index))) for index in range(2)] == [6, 6]
    assert json.loads(portrait.result(portrait.faces(photo)))["found"] == 1
    assert portrait.sliders().space == "arkit"


def test_what_is_wrong_has_the_codes_of_the_service(portrait: LocalPortrait, folder: Path) -> None:
    photo = folder / "photo.png"

    def refused(code: str) -> pytest.RaisesContext[ProblemError]:
        return pytest.raises(ProblemError, check=lambda error: error.code == code)

    with refused("invalid_request") as caught:
        portrait.edit(photo, controls={"expression": {"mouthSmil": 0.7}})
    assert caught.value.errors[0].field == "controls.expression.mouthSmil"
    assert "did you mean mouthSmile?" in caught.value.detail
    with refused("invalid_request"):
        portrait.edit(photo, options={"output": {"format": "mp4"}})
    with refused("unsupported_media"):
        portrait.edit(folder / "driver.mp4")
    with refused("source_not_found"):
        portrait.reenact(photo, SourceId("0" * 64))
    with refused("invalid_request"):
        portrait.edit(portrait.upload(folder / "speech.wav"))
    with refused("unknown_bundle"):
        portrait.edit(photo, bundle="another")
    with refused("no_face"):
        portrait.wait(portrait.edit(folder / "empty.png"))
    with refused("damaged_media"):
        portrait.wait(portrait.edit(folder / "broken.png"))
    with refused("internal_error"):
        portrait.wait(portrait.edit(photo, controls={"expression": {"mouthPucker": 1}}))
    done = portrait.wait(portrait.faces(photo))
    with refused("invalid_request"):
        portrait.result(done, index=1)
    with refused("unknown_job"):
        portrait.wait("0" * 32)
    with refused("unknown_batch"):
        portrait.wait_batch("0" * 32)
    with pytest.raises(LocalSetupError, match="callback"):
        portrait.edit(photo, callback="https://here.example/")


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C as in a terminal: programs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_ends_the_job_and_not_the_worker(portrait: LocalPortrait, folder: Path) -> None:
    job = portrait.edit(folder / "photo.png", controls=SLOW)
    seen: list[Job] = []

    def interrupt(now: Job) -> None:
        first = not seen
        if now.progress.done:
            seen.append(now)
        if seen and first:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        portrait.wait(job, on_progress=interrupt)
    assert seen[-1].status == "cancelled"
    assert 0 < seen[-1].progress.done < seen[-1].progress.total
    with pytest.raises(JobCancelledError):
        portrait.wait(job)
    assert portrait.wait(portrait.edit(folder / "photo.png")).status == "succeeded"


def test_edits_of_a_batch_fail_one_by_one(portrait: LocalPortrait, folder: Path) -> None:
    photos = ("photo.png", "empty.png", "photo.png")
    batch = portrait.batch([Edit(folder / photo) for photo in photos], metadata={"who": "me"})
    assert (batch.total, batch.metadata) == (3, {"who": "me"})
    counts: list[int] = []
    ended = portrait.wait_batch(batch, on_progress=lambda now: counts.append(now.counts.get("queued", 0)))
    assert counts == [2, 1, 0]
    assert (ended.status, ended.counts) == ("completed", {"succeeded": 2, "failed": 1})
    assert portrait.batch_jobs(batch)[1].error is not None


def test_the_command_says_what_is_wrong_and_where_the_results_are(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words = ["batch", "photo.png", "empty.png", "--smile", "0.5", "--local", "-o", "many"]
    assert main(words) == 1
    output = capsys.readouterr()
    assert output.out == "many/photo.png\n"
    assert "empty.png: No face was found" in output.err
    assert main(["edit", "photo.png", "--set", "mouthSmil=1", "--local", "-o", "out.png"]) == 1
    assert "did you mean mouthSmile?" in capsys.readouterr().err
