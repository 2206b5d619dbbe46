"""Videos whose face gets a driver's motion, through one real worker process; the face is a stand-in's (`standin`)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import psutil
import pytest

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_npz
from tests.clips import beep, heard, onset, shown, write_clip
from tests.integration.workers.conftest import launch
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

COUNT = 30
EVEN = [k / 25 for k in range(COUNT)]
UNEVEN = [float(t) for t in np.cumsum([0, *[0.02, 0.05, 0.033] * COUNT])[:COUNT]]
GREY = 60  # a jawOpen of 0.24, and an inverted middle of 195
JAW = ARKIT.index["jawOpen"]


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker."""
    process = launch(settings)
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def video(path: Path, levels: list[int], times: list[float], **sound: object) -> bytes:
    frames = (np.full((96, 128, 3), level, np.uint8) for level in levels)
    return write_clip(path, frames, times, **sound).read_bytes()  # type: ignore[arg-type]


def moved(jaw: list[float], fps: float | None = 25.0) -> bytes:
    """A document of a jaw."""
    motion = np.zeros((len(jaw), ARKIT.size), np.float32)
    motion[:, JAW] = jaw
    return motion_npz(Motion(ARKIT, np.arange(len(jaw)) / (fps or 1), fps, motion))


def index_first(path: Path) -> bytes:
    """An MP4 with its index in front of the frames, as files for streaming have it."""
    streamed = path.with_stem("streamed")
    with av.open(str(path)) as whole, av.open(str(streamed), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return streamed.read_bytes()


def middles(path: Path) -> np.ndarray:
    """How bright the middle of every frame is."""
    with av.open(str(path)) as container:
        return np.array([f.to_ndarray(format="gray")[40:56, 50:78].mean() for f in container.decode(video=0)])


@pytest.mark.parametrize("times", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_a_still_edits_all_of_a_video_and_nothing_else(service: Service, tmp_path: Path, times: list[float]) -> None:
    levels = [GREY] * COUNT
    levels[10:13] = 0, 0, 0  # no face
    levels[20] = 110  # a jawOpen of 0.43: 0.2 more is wide open
    source = video(tmp_path / "source.mp4", levels, times, sounds=[beep(times[-1] + 0.04, times[20])])

    record = service.reenact_video(source, moved([0.2], None), "motion", smoothing=0)

    result = record.job.result
    assert result is not None, record.job.error
    assert (result.media_type, result.frames, result.width, result.height) == ("video/mp4", COUNT, 128, 96)
    assert (record.job.progress.done, record.job.progress.total) == (COUNT, COUNT)
    metrics = record.job.metrics
    assert (metrics["source_frames_without_face"], metrics["source_cuts"], metrics["source_frames_missing"]) == (
        3,
        0,
        0,
    )
    clip = service.result(record, tmp_path)
    seen, _ = shown(clip)
    assert seen == pytest.approx(times, abs=0.001)
    light = middles(clip)
    assert light[[9, 13]] == pytest.approx(255 - GREY, abs=12)
    assert light[10:13].max() < 12, "a frame without a face stays as it is"
    assert np.argmax(light) == 20, "what the source does itself is kept, and added to"
    assert onset(*heard(clip)) == pytest.approx(times[20], abs=0.02)


def test_a_driver_moves_a_video_until_the_shorter_ends(service: Service, tmp_path: Path) -> None:
    source = video(tmp_path / "source.mp4", [GREY] * COUNT, EVEN, sounds=[beep(1.2, 0.9)])
    flashing = [GREY] * 20
    flashing[9:12] = 250, 250, 250
    driver = video(tmp_path / "driver.mp4", flashing, [k / 20 for k in range(20)], sounds=[beep(1.0, 0.45)])

    shorter = service.reenact_video(source, driver, smoothing=0)
    longer = service.reenact_video(source[:], moved([0.0] * 100), "motion")

    assert shorter.job.result is not None, shorter.job.error
    assert (shorter.job.result.frames, shorter.job.result.seconds) == (25, 1.0)
    clip = service.result(shorter, tmp_path)
    assert onset(np.array(EVEN[:25]), middles(clip)) == pytest.approx(0.45, abs=0.04), "the source's times"
    assert onset(*heard(clip)) == pytest.approx(0.45, abs=0.02), "the driver's sound"
    own = service.result(service.reenact_video(source, driver, smoothing=0, sound="source"), tmp_path)
    assert onset(*heard(own)) == pytest.approx(0.9, abs=0.02), "the source's, if requested"
    assert longer.job.result is not None, longer.job.error
    assert longer.job.result.frames == COUNT
    assert onset(*heard(service.result(longer, tmp_path))) == pytest.approx(0.9, abs=0.02), "the source's own sound"


def test_formats_of_a_video(service: Service, tmp_path: Path, worker: subprocess.Popen[bytes]) -> None:
    source = video(tmp_path / "source.mp4", [GREY] * COUNT, EVEN, sounds=[beep(1.2, 0.9)])
    before = psutil.Process(worker.pid).children()
    gif = service.reenact_video(source, moved([0.2], None), "motion", output={"format": "gif"}, label=True)
    assert gif.job.result is not None, gif.job.error
    with av.open(str(service.result(gif, tmp_path))) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert psutil.Process(worker.pid).children() == before, "what was read to its end costs no child"


def test_what_is_wrong_with_a_video_names_it(service: Service, tmp_path: Path) -> None:
    black = video(tmp_path / "black.mp4", [0] * 5, EVEN[:5])
    grey = video(tmp_path / "grey.mp4", [GREY] * 5, EVEN[:5])
    for source, driver, code, field in (
        (black, grey, "no_face", "source"),
        (grey, black, "no_face", "driver"),
        (grey[:40], grey, "unreadable_video", "source"),
    ):
        error = service.reenact_video(source, driver).job.error
        assert error is not None
        assert error.errors is not None
        assert (error.code, error.errors[0].field) == (code, field)


def test_a_file_that_promises_more_frames_than_it_has_says_so(service: Service, tmp_path: Path, photo: str) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(40, 90, (96, 128, 3), np.uint8) for _ in range(COUNT)]
    cut = index_first(write_clip(tmp_path / "noise.mp4", noise, EVEN))
    cut = cut[: len(cut) * 2 // 3]

    record = service.reenact_video(cut, moved([0.2], None), "motion")
    driven = service.reenact(photo, cut)

    assert record.job.result is not None, record.job.error
    missing = record.job.metrics["source_frames_missing"]
    assert 5 < missing == COUNT - record.job.result.frames
    assert driven.job.result is not None, driven.job.error
    assert driven.job.metrics["frames_missing"] == missing
