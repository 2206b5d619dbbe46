"""Jobs that are cancelled, in every stage: each ends within a batch, and the worker goes on."""

from __future__ import annotations

import io
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
import soundfile
from PIL import Image

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_npz
from tests.clips import write_clip
from tests.integration.workers.conftest import launch
from workers.attempt import Attempt, JobCancelled
from workers.contract.bundle import BundleIdentity
from workers.contract.jobs import JobRecord, JobStatus, Progress, Result
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.kinds.reenact import ReenactRequest
from workers.contract.kinds.talk import TalkRequest
from workers.contract.presence import WorkerPresence, WorkerState
from workers.contract.settings import Settings
from workers.output import write_document

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

MANY = 100_000  # smoothing these takes half a minute
SOON_S = 5.0  # a batch takes a fraction of it, the whole stage a multiple


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """A limit that lets work through which takes long."""
    return settings.model_copy(update={"max_frames": MANY})


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker."""
    process = launch(settings)
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


@pytest.fixture(scope="module")
def large_photo(service: Service) -> str:
    """A photo whose frames take a codec half a second each."""
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (2160, 3840, 3), np.uint8)).save(file, "JPEG")
    return service.add(file.getvalue())


def still(frames: int, seconds: float) -> bytes:
    """A document of a face that trembles."""
    rng = np.random.default_rng(0)
    motion = (0.01 * rng.random((frames, ARKIT.size))).astype(np.float32)
    return motion_npz(Motion(ARKIT, np.arange(frames) * seconds / frames, frames / seconds, motion))


def cancelled_in(service: Service, job: str, stage: str, ready: Callable[[JobRecord], bool] = lambda _: True) -> None:
    """Cancel a job when it is in a stage; it has to end soon, and the worker has to go on."""
    service.wait(job, lambda record: record.job.progress.stage == stage and ready(record))
    started = time.monotonic()
    service.store.cancel(job)
    assert service.finish(job).job.status is JobStatus.CANCELLED
    assert time.monotonic() - started < SOON_S


def suspend_decoder(worker: subprocess.Popen[bytes]) -> None:
    """What a file that takes for ever to decode looks like from outside."""
    [decoder] = [child for child in psutil.Process(worker.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    decoder.suspend()


def test_decoding_stops_while_the_decoder_works(service: Service, photo: str, worker: subprocess.Popen[bytes]) -> None:
    suspend_decoder(worker)
    cancelled_in(service, service.submit(photo), "decode")
    assert service.finish(service.submit(photo)).job.status is JobStatus.SUCCEEDED


def test_probing_a_sound_stops_too(service: Service, photo: str, worker: subprocess.Popen[bytes]) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((16_000, 1)), 16_000, format="WAV")
    suspend_decoder(worker)
    cancelled_in(service, service.start(TalkRequest, photo, audio_id=service.add(file.getvalue())), "decode")


def test_extraction_stops_while_the_decoder_works(
    service: Service, tmp_path: Path, worker: subprocess.Popen[bytes]
) -> None:
    bluish = np.full((120, 160, 3), (60, 60, 200), np.uint8)
    times = [k / 25 for k in range(100)]
    video = service.add(write_clip(tmp_path / "slow.mp4", [bluish] * 100, times).read_bytes())
    job = service.start(ExtractRequest, video, source_kind="video")
    service.wait(job, lambda record: record.job.progress.stage == "extract" and record.job.progress.done > 1)
    suspend_decoder(worker)
    cancelled_in(service, job, "extract")


def test_smoothing_stops(service: Service, photo: str) -> None:
    driver = service.add(still(MANY, 100))
    job = service.start(ReenactRequest, photo, driver_id=driver, driver_kind="motion", options={"smoothing": 1.0})
    cancelled_in(service, job, "motion")


def test_rendering_stops(service: Service, photo: str) -> None:
    slow = {"keyframes": [{"time": t, "expression": {"mouthFunnel": 1.0}} for t in (0.0, 4.0)]}
    job = service.submit(photo, controls=slow)
    cancelled_in(service, job, "render", lambda record: record.job.progress.done > 0)


def test_encoding_stops(service: Service, large_photo: str) -> None:
    options = {"output": {"format": "webm"}}
    job = service.submit(large_photo, controls={"keyframes": [{"time": 0.8}]}, options=options)
    cancelled_in(service, job, "encode")


def running(service: Service, source: str) -> Attempt:
    """An attempt that this process runs, in the worker's place."""
    record, _ = service.store.create(ExtractRequest(source_id=source), "owner")
    bundle = BundleIdentity(name="test", version="1", digest="0" * 64)
    service.presence.announce(WorkerPresence(name="test", state=WorkerState.BUSY, job_id=record.job.id), ttl_s=60)
    claimed = service.store.claim(record.job.id, 1, "test", bundle)
    return Attempt(claimed, service.store, 60, lambda: False)


def test_writing_a_document_stops(service: Service, photo: str, tmp_path: Path) -> None:
    attempt = running(service, photo)
    motion = Motion(ARKIT, np.arange(MANY) / 25, 25.0, np.zeros((MANY, ARKIT.size), np.float32))
    threading.Timer(0.3, service.store.cancel, [attempt.record.job.id]).start()
    began = time.monotonic()
    with pytest.raises(JobCancelled):
        write_document(attempt, tmp_path, "json", motion)
    assert time.monotonic() - began < SOON_S
    service.store.end_cancelled(attempt.record.job.id, 1, {})


def test_storing_a_result_stops_and_leaves_nothing(service: Service, photo: str) -> None:
    class Endless(io.BytesIO):
        """A file that takes for ever to store."""

        def read(self, *_: int | None) -> bytes:
            return bytes(2**16)

    attempt = running(service, photo)
    threading.Timer(0.3, service.store.cancel, [attempt.record.job.id]).start()
    with pytest.raises(JobCancelled):
        service.blobs.put("results/endless", Endless(), 60, attempt.check)
    assert not service.blobs.exists("results/endless")
    assert list(Path(service.settings.storage_url, "parts").iterdir()) == []
    service.store.end_cancelled(attempt.record.job.id, 1, {})


def test_a_job_that_is_done_when_it_is_cancelled_ends_as_cancelled(service: Service, photo: str) -> None:
    attempt = running(service, photo)
    job = attempt.record.job.id
    service.store.cancel(job)
    result = Result(url=f"/jobs/{job}/result", media_type="image/png", width=1, height=1, space="arkit")
    assert not service.store.succeed(job, 1, {"results/late": result}, {}, Progress(stage="done"))
    assert service.store.get(job).job.result is None
    service.store.end_cancelled(job, 1, {})
    assert service.store.get(job).job.status is JobStatus.CANCELLED
