"""Drivers of every kind, whole and broken, through one real worker process; the face is a stand-in's (`standin`)."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import psutil
import pytest
from PIL import Image

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_npz
from tests.clips import beep, heard, onset, shown, write_clip
from tests.integration.workers.conftest import launch
from workers.contract.jobs import JobStatus
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.kinds.reenact import ReenactRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

COUNT, FLASH = 40, 24
EVEN = [k / 25 for k in range(COUNT)]
UNEVEN = [float(t) for t in np.cumsum([0, *[0.02, 0.05, 0.033] * COUNT])[:COUNT]]
LONGEST_S = 5.0
MOST_FRAMES = 120


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """Small limits, so that clips over them are small too."""
    limits = {"max_video_seconds": LONGEST_S, "max_video_pixels": 320 * 240, "max_frames": MOST_FRAMES}
    return settings.model_copy(update=limits)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worker's folder for files of jobs under way."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker."""
    process = launch(settings, TMPDIR=str(scratch))
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


@pytest.fixture(autouse=True)
def nothing_is_left_behind(scratch: Path) -> Iterator[None]:
    """Whatever becomes of a job, its files go with it."""
    yield
    deadline = time.monotonic() + 5
    while left := [path for path in scratch.iterdir() if path.name.startswith("portrait-")]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def frame(level: int, size: tuple[int, int] = (120, 160)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def driver(path: Path, times: list[float] = EVEN, **sound: object) -> bytes:
    """A grey video whose frame FLASH, and the one after, are white."""
    frames = (frame(250 if k in (FLASH, FLASH + 1) else 60) for k in range(len(times)))
    return write_clip(path, frames, times, **sound).read_bytes()  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_a_driver_gives_its_frames_times_motion_and_sound(
    service: Service, photo: str, tmp_path: Path, times: list[float]
) -> None:
    data = driver(tmp_path / "driver.mp4", times, sounds=[beep(times[-1] + 0.04, times[FLASH])])

    record = service.reenact(photo, data)

    result = record.job.result
    assert result is not None, record.job.error
    assert (result.media_type, result.frames, result.width, result.height) == ("video/mp4", COUNT, 512, 512)
    assert (record.job.progress.done, record.job.progress.total) == (COUNT, COUNT)
    assert {"decode_s", "extract_s", "render_s", "encode_s"} <= record.job.metrics.keys()
    assert [record.job.metrics[name] for name in ("frames_without_face", "cuts", "frames_missing")] == [0, 0, 0]
    clip = service.result(record, tmp_path)
    seen, light = shown(clip)
    assert seen == pytest.approx(times, abs=0.001)
    assert result.seconds == pytest.approx(2 * times[-1] - times[-2], abs=0.001)
    assert onset(seen, light) == pytest.approx(times[FLASH], abs=0.001)
    assert onset(*heard(clip)) == pytest.approx(times[FLASH], abs=0.02)


def test_the_decoder_outlives_a_whole_driver(
    service: Service, photo: str, tmp_path: Path, worker: subprocess.Popen[bytes]
) -> None:
    data = driver(tmp_path / "driver.mp4", sounds=[beep(5, 1.0)])
    before = psutil.Process(worker.pid).children()
    assert service.reenact(photo, data).job.status is JobStatus.SUCCEEDED
    assert psutil.Process(worker.pid).children() == before, "what was read to its end costs no child"


def test_formats_rates_and_crops(service: Service, photo: str, tmp_path: Path) -> None:
    data = driver(tmp_path / "driver.mp4", sounds=[beep(1.6, EVEN[FLASH])])

    webm = service.reenact(photo, data, output={"format": "webm", "fps": 50})
    gif = service.reenact(photo, data, output={"format": "gif"}, label=True)

    assert webm.job.result is not None
    assert (webm.job.result.frames, webm.job.result.seconds) == (2 * COUNT, 1.6)
    clip = service.result(webm, tmp_path)
    assert onset(*shown(clip)) == pytest.approx(EVEN[FLASH], abs=0.02)
    assert onset(*heard(clip)) == pytest.approx(EVEN[FLASH], abs=0.02)
    assert gif.job.result is not None
    with av.open(str(service.result(gif, tmp_path))) as container:
        assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_what_extract_returns_is_a_driver(service: Service, photo: str, tmp_path: Path, kind: str) -> None:
    video = service.add(driver(tmp_path / "driver.mp4", sounds=[beep(1.6, EVEN[FLASH])]))
    extracted = service.finish(service.start(ExtractRequest, video, source_kind="video", format=kind))
    assert extracted.job.result is not None, extracted.job.error
    assert (extracted.job.result.frames, extracted.job.result.seconds) == (COUNT, 1.6)
    document = service.result(extracted, tmp_path).read_bytes()
    if kind == "json":
        content = json.loads(document)
        assert (content["space"], content["fps"], len(content["frames"])) == ("arkit", 25, COUNT)
        assert content["frames"][0]["face"] == {"box": [1, 2, 3, 4], "score": pytest.approx(0.9)}

    record = service.reenact(photo, document, "motion")

    clip = service.result(record, tmp_path)
    assert onset(*shown(clip)) == pytest.approx(EVEN[FLASH], abs=0.001)
    assert onset(*heard(clip)) == pytest.approx(EVEN[FLASH], abs=0.02), "the sound of the document's own driver"
    refused = service.reenact(photo, document, "motion", output={"format": "png"}).job.error
    assert refused is not None
    assert (refused.status, refused.errors and refused.errors[0].field) == (422, "options.output.format")


def sound_tracks(clip: Path) -> int:
    with av.open(str(clip)) as container:
        return len(container.streams.audio)


def test_a_document_keeps_its_sound_as_long_as_that_is_stored(service: Service, photo: str, tmp_path: Path) -> None:
    video = service.add(driver(tmp_path / "driver.mp4", sounds=[beep(1.6, EVEN[FLASH])]))
    extracted = service.finish(service.start(ExtractRequest, video, source_kind="video"))
    document = json.loads(service.result(extracted, tmp_path).read_bytes())
    assert document["sound"] == {"source_id": video, "offset_s": 0, "clock": "picture"}
    whole = json.dumps(document).encode()
    document["frames"] = document["frames"][10:]

    cut = service.result(service.reenact(photo, json.dumps(document).encode(), "motion"), tmp_path)
    silent = service.reenact(photo, whole, "motion", sound="none")
    service.sources.delete(ANONYMOUS, video)
    lost = service.reenact(photo, whole, "motion")

    assert onset(*shown(cut)) == pytest.approx(EVEN[FLASH - 10], abs=0.001)
    assert onset(*heard(cut)) == pytest.approx(EVEN[FLASH - 10], abs=0.02), "cut with its picture"
    assert sound_tracks(service.result(silent, tmp_path)) == 0
    assert "sound_missing" not in [warning.code for warning in silent.job.warnings]
    assert sound_tracks(service.result(lost, tmp_path)) == 0
    assert "sound_missing" in [warning.code for warning in lost.job.warnings]


def test_a_constant_smile_is_added_where_the_reference_is_neutral(service: Service, photo: str, tmp_path: Path) -> None:
    """The stand-in shows a wide open mouth as white; this driver's is as open in every frame."""
    open_mouth = np.zeros((5, ARKIT.size), np.float32)
    open_mouth[:, ARKIT.index["jawOpen"]] = 0.9
    document = motion_npz(Motion(ARKIT, np.arange(5) / 25, 25.0, open_mouth))

    closest, neutral = (
        shown(service.result(service.reenact(photo, document, "motion", reference=reference), tmp_path))[1]
        for reference in ("closest", "neutral")
    )

    assert np.ptp(closest) < 1, "what never changes is no change"
    assert np.ptp(neutral) < 1
    assert neutral.mean() > closest.mean() + 20


def test_a_picture_drives_a_picture(service: Service, photo: str, tmp_path: Path, astronaut: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "PNG")

    record = service.reenact(photo, file.getvalue(), "picture", output={"format": "webp"})

    assert record.job.result is not None, record.job.error
    assert (record.job.result.media_type, record.job.result.seconds) == ("image/webp", None)
    still = Motion(ARKIT, np.zeros(1), None, np.zeros((1, ARKIT.size), np.float32))
    of_document = service.reenact(photo, motion_npz(still), "motion")
    assert of_document.job.result is not None, of_document.job.error
    assert of_document.job.result.media_type == "image/png"


def test_a_face_that_is_lost_in_the_middle_is_bridged(service: Service, photo: str, tmp_path: Path) -> None:
    frames = [frame(0 if 10 <= k < 14 else 60) for k in range(COUNT)]
    data = write_clip(tmp_path / "lost.mp4", frames, EVEN).read_bytes()

    record = service.reenact(photo, data)
    extracted = service.finish(service.start(ExtractRequest, service.add(data), source_kind="video"))

    assert record.job.result is not None, record.job.error
    assert (record.job.result.frames, record.job.metrics["frames_without_face"]) == (COUNT, 4)
    assert [str(warning.code) for warning in record.job.warnings] == ["small_face", "frames_without_face"]
    document = json.loads(service.result(extracted, tmp_path).read_bytes())
    assert [k for k, shot in enumerate(document["frames"]) if shot["face"] is None] == [10, 11, 12, 13]


def test_one_frame_makes_one_frame(service: Service, photo: str, tmp_path: Path) -> None:
    data = write_clip(tmp_path / "one.mp4", [frame(60)], [0.0]).read_bytes()
    record = service.reenact(photo, data)
    assert record.job.result is not None, record.job.error
    assert (record.job.result.media_type, record.job.result.frames) == ("video/mp4", 1)


def test_a_truncated_driver_gives_what_is_there(service: Service, photo: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = (rng.integers(40, 90, (120, 160, 3), np.uint8) for _ in range(COUNT))
    data = write_clip(tmp_path / "noise.mkv", noise, EVEN).read_bytes()
    record = service.reenact(photo, data[: len(data) // 2])
    assert record.job.result is not None, record.job.error
    assert 5 < record.job.result.frames < COUNT
    missing = COUNT - record.job.result.frames
    assert record.job.metrics["frames_missing"] == pytest.approx(missing, abs=1), "Matroska states the length alone"


def sound_alone(path: Path) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        samples = av.AudioFrame.from_ndarray(beep(1, 0.5).T.astype(np.float32), format="fltp", layout="mono")
        stream.codec_context.layout = "mono"
        samples.sample_rate = 44_100
        container.mux(stream.encode(samples))
        container.mux(stream.encode(None))
    return path.read_bytes()


def broken_drivers(folder: Path) -> dict[str, tuple[bytes, str, str, int]]:
    """Driver, what it is taken for, the error's code and status."""
    black = write_clip(folder / "black.mp4", [frame(0)] * 10, EVEN[:10]).read_bytes()
    long = write_clip(folder / "long.mp4", [frame(60)] * 20, [k / 2 for k in range(20)]).read_bytes()
    large = write_clip(folder / "large.mp4", [frame(60, (480, 640))] * 3, EVEN[:3]).read_bytes()
    blank = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(blank, "PNG")
    return {
        "no face": (black, "video", "no_face", 422),
        "sound alone": (sound_alone(folder / "sound.mp4"), "video", "no_video", 422),
        "cut in the header": (black[:40], "video", "unreadable_video", 422),
        "too long": (long, "video", "video_too_long", 413),
        "too large": (large, "video", "video_too_large", 413),
        "a picture without a face": (blank.getvalue(), "picture", "no_face", 422),
        "half a document": (b'{"space": "arkit"', "motion", "invalid_motion", 422),
        "another document": (b'{"space": "bfm", "frames": []}', "motion", "invalid_motion", 422),
        "half a surrogate pair": (
            b'{"space": "arkit", "frames": [{"time": "\\ud800\\u0000"}]}',
            "motion",
            "invalid_motion",
            422,
        ),
        "the same as a space": (b'{"space": "\\udfff\\u0000", "frames": []}', "motion", "invalid_motion", 422),
        "nested deep": (
            b'{"space": "arkit", "frames": ' + b"[" * 5000 + b"]" * 5000 + b"}",
            "motion",
            "invalid_motion",
            422,
        ),
    }


def test_every_broken_driver_is_one_clear_error(service: Service, photo: str, tmp_path: Path) -> None:
    for name, (data, kind, code, status) in broken_drivers(tmp_path).items():
        error = service.reenact(photo, data, kind).job.error
        assert error is not None, name
        assert (error.code, error.status, name) == (code, status, name), error.detail
        if status == 422:
            assert error.errors is not None, name
            assert error.errors[0].field == "driver", name
    assert service.finish(service.submit(photo)).job.status is JobStatus.SUCCEEDED


def too_many_frames(folder: Path) -> dict[str, tuple[bytes, str, dict[str, object], str]]:
    """Driver, what it is taken for, options, and the field that is to change."""
    frames = MOST_FRAMES + 20
    times = [k / 100 for k in range(frames)]
    endless = Motion(ARKIT, np.arange(100_000) / 1000, 1000.0, np.zeros((100_000, ARKIT.size), np.float32))
    some = Motion(ARKIT, np.arange(100) / 25, 25.0, np.zeros((100, ARKIT.size), np.float32))
    return {
        "a document": (motion_npz(endless), "motion", {}, "driver"),
        "a document as text": (b'{"space": "arkit", "frames": [%s{}]}' % (b"{}, " * frames), "motion", {}, "driver"),
        "a video": (write_clip(folder / "fast.mp4", [frame(60)] * frames, times).read_bytes(), "video", {}, "driver"),
        "a rate": (motion_npz(some), "motion", {"output": {"fps": 60.0}}, "options.output.fps"),
    }


def test_more_frames_than_are_accepted_are_refused_before_any_work(
    service: Service, photo: str, tmp_path: Path
) -> None:
    for name, (data, kind, options, field) in too_many_frames(tmp_path).items():
        record = service.reenact(photo, data, kind, **options)
        error = record.job.error
        assert error is not None, name
        assert (error.status, error.code, name) == (422, "too_many_frames", name), error.detail
        assert f"at most {MOST_FRAMES} " in error.detail
        assert [problem.field for problem in error.errors or []] == [field]
        assert "render_s" not in record.job.metrics


def test_a_length_that_the_file_hides_is_noticed(service: Service, photo: str, tmp_path: Path) -> None:
    times = [k / 2 for k in range(20)]
    data = write_clip(tmp_path / "long.ts", [frame(60)] * 20, times).read_bytes()
    error = service.reenact(photo, data).job.error
    assert error is not None
    assert error.code == "video_too_long"


@pytest.mark.parametrize("stage", ["extract", "render"])
def test_a_reenactment_is_cancelled_in_either_pass(service: Service, photo: str, tmp_path: Path, stage: str) -> None:
    if stage == "extract":
        bluish = np.full((120, 160, 3), (60, 60, 200), np.uint8)
        data, kind = (
            write_clip(tmp_path / "slow.mp4", [bluish] * 100, [k / 25 for k in range(100)]).read_bytes(),
            "video",
        )
    else:
        slow = np.zeros((100, ARKIT.size), np.float32)
        slow[1:, ARKIT.index["mouthFunnel"]] = 1
        data, kind = motion_npz(Motion(ARKIT, np.arange(100) / 25, 25.0, slow)), "motion"
    options = {"mode": "absolute"}
    job = service.start(ReenactRequest, photo, driver_id=service.add(data), driver_kind=kind, options=options)
    assert service.cancel_in(stage, job).job.progress.total == 100
    assert service.finish(service.submit(photo)).job.status is JobStatus.SUCCEEDED


def test_reenactments_let_edits_go_first(service: Service, photo: str, tmp_path: Path) -> None:
    data = service.add(driver(tmp_path / "driver.mp4"))
    slow = service.submit(photo, controls={"expression": {"mouthFunnel": 1.0}})
    fields = {"driver_id": data, "driver_kind": "video"}
    reenactment = service.start(ReenactRequest, photo, **fields)
    edit = service.submit(photo)
    ends = [service.finish(job).job.finished_at for job in (slow, edit, reenactment)]
    assert ends == sorted(ends)
