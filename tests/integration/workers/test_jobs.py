"""What becomes of jobs, with one real worker process on a real Redis for all of them."""

from __future__ import annotations

import io
import json
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

from tests.integration.workers.conftest import launch
from workers.contract.jobs import JobStatus
from workers.contract.keys import key
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    import redis

    from tests.integration.conftest import RedisServer
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

SLOW_CLIP = {"keyframes": [{"time": t, "expression": {"mouthFunnel": 1.0}} for t in (0.0, 4.0)]}


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker; an idle worker leaves at once on Ctrl-C."""
    process = launch(settings)
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert service.presence.workers() == []


def test_an_edit_becomes_a_picture(service: Service, photo: str, astronaut: np.ndarray) -> None:
    record = service.finish(service.submit(photo, controls={"expression": {"jawOpen": 0.5}}))

    assert record.job.status is JobStatus.SUCCEEDED
    assert record.job.result is not None
    assert (record.job.result.media_type, record.job.result.width, record.job.result.height) == ("image/png", 512, 512)
    assert record.job.progress.stage == "done"
    assert {"queue_s", "decode_s", "extract_s", "render_s", "encode_s"} <= record.job.metrics.keys()
    with service.blobs.open(record.blobs[0]) as file:
        data = file.read()
    picture = np.asarray(Image.open(io.BytesIO(data)))
    assert b"/digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in data
    assert (picture[:128] == astronaut[:128]).all(), "a lossless format keeps what the editor kept"
    assert (picture[200:300, 200:300] == 255 - astronaut[200:300, 200:300]).all()
    assert service.presence.sliders()["coefficients"] == 59


def test_keyframes_become_a_clip(service: Service, photo: str) -> None:
    controls = {"keyframes": [{"time": 0.0}, {"time": 0.4, "pose": {"yaw": 10.0}}]}
    options = {"output": {"format": "mp4", "fps": 25}, "label": True}

    record = service.finish(service.submit(photo, controls=controls, options=options))

    assert record.job.result is not None, record.job.error
    assert (record.job.result.frames, record.job.result.seconds) == (11, 0.44)
    assert (record.job.progress.done, record.job.progress.total) == (11, 11)
    with service.blobs.open(record.blobs[0]) as file, av.open(io.BytesIO(file.read())) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 11


def test_an_extraction_becomes_a_document(service: Service, photo: str) -> None:
    record, _ = service.store.create(ExtractRequest(source_id=photo), ANONYMOUS)
    service.queue.enqueue(record)

    record = service.finish(record.job.id)

    assert record.job.result is not None, record.job.error
    assert record.job.result.media_type == "application/json"
    with service.blobs.open(record.blobs[0]) as file:
        document = json.load(file)
    assert len(document["names"]) == len(document["frames"][0]["coefficients"]) == 59
    assert document["frames"][0]["pose"]["zoom"] == 1


def test_what_is_wrong_with_a_picture_fails_its_job_alone(service: Service, photo: str) -> None:
    blank, whole = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(blank, "PNG")
    Image.effect_noise((200, 200), 80).save(whole, "JPEG")
    truncated = io.BytesIO(whole.getvalue()[: len(whole.getvalue()) // 2])

    jobs = [
        service.submit(source)
        for source in (service.sources.add(ANONYMOUS, blank).id, service.sources.add(ANONYMOUS, truncated).id)
    ]
    jobs.append(service.submit("0" * 64))
    good = service.submit(photo)

    errors = [service.finish(job).job.error for job in jobs]
    assert [(error.code, error.status) for error in errors if error] == [
        ("no_face", 422),
        ("damaged_media", 422),
        ("unknown_source", 404),
    ]
    assert service.finish(good).job.status is JobStatus.SUCCEEDED


def test_a_job_reads_its_owners_sources_alone(service: Service, astronaut: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "PNG")
    source = service.sources.add("one", file).id
    jobs = [service.store.create(ExtractRequest(source_id=source), owner)[0] for owner in ("one", "two")]
    for job in jobs:
        service.queue.enqueue(job)
    own, foreign = (service.finish(record.job.id).job for record in jobs)
    assert own.status is JobStatus.SUCCEEDED
    assert foreign.error is not None
    assert foreign.error.code == "unknown_source"


def test_a_bug_is_an_internal_error_and_not_the_workers_end(
    service: Service, photo: str, worker: subprocess.Popen[bytes]
) -> None:
    for _ in range(2):
        error = service.finish(service.submit(photo, controls={"expression": {"mouthPucker": 1.0}})).job.error
        assert error is not None
        assert (error.code, error.status) == ("internal_error", 500)
        assert "a bug in the renderer" not in error.detail, "what broke inside is for the log"
    assert worker.poll() is None


@pytest.mark.parametrize("controls", [{}, {"keyframes": [{"time": 0.4}]}], ids=["picture", "clip"])
def test_a_full_disk_fails_its_job_alone(
    service: Service, photo: str, worker: subprocess.Popen[bytes], controls: dict[str, object]
) -> None:
    soft, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (20_000, hard))  # of every file, as if there were no more room
    try:
        error = service.finish(service.submit(photo, controls=controls)).job.error
    finally:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert error is not None
    assert (error.status, error.code) == (503, "storage_full")
    assert service.finish(service.submit(photo, controls=controls)).job.status is JobStatus.SUCCEEDED


def test_a_running_job_is_cancelled_within_a_batch(service: Service, photo: str) -> None:
    job = service.submit(photo, controls=SLOW_CLIP)
    service.running(job)

    started = time.monotonic()
    service.store.cancel(job)
    record = service.finish(job)

    assert record.job.status is JobStatus.CANCELLED
    assert time.monotonic() - started < 2
    assert service.finish(service.submit(photo)).job.status is JobStatus.SUCCEEDED


def test_a_job_is_run_once_however_often_it_is_enqueued(service: Service, photo: str) -> None:
    first = service.submit(photo, controls={"expression": {"mouthFunnel": 1.0}})
    service.queue.enqueue(service.store.get(first))
    second = service.submit(photo)
    service.finish(second)
    record = service.store.get(first)
    assert (record.job.status, record.attempt) == (JobStatus.SUCCEEDED, 1)
    assert len(record.blobs) == 1


def test_the_worker_outlives_an_absence_of_redis(
    service: Service, photo: str, redis_server: RedisServer, worker: subprocess.Popen[bytes]
) -> None:
    controls = {"keyframes": [{"time": t, "expression": {"mouthFunnel": 0.5}} for t in (0.0, 1.2)]}
    during = service.submit(photo, controls=controls)
    service.running(during)

    redis_server.stop()
    time.sleep(1.5)
    redis_server.start()

    assert service.finish(during).job.status is JobStatus.SUCCEEDED
    assert service.finish(service.submit(photo)).job.status is JobStatus.SUCCEEDED
    assert worker.poll() is None


def test_a_preview_is_small_and_goes_through_redis(
    service: Service, client: redis.Redis, astronaut: np.ndarray
) -> None:
    """The stand-in's photo has no more pixels than a preview, so it is not made smaller."""
    file = io.BytesIO()
    Image.fromarray(astronaut[:120, :200]).save(file, "PNG")
    record = service.finish(service.start(PreviewRequest, service.add(file.getvalue()), seq=5))
    assert record.job.status is JobStatus.SUCCEEDED, record.job.error
    assert record.job.result is not None
    assert (record.job.result.media_type, record.job.result.width, record.job.result.height) == ("image/jpeg", 200, 120)
    found = client.getdel(key("preview", record.blobs[0]))
    with Image.open(io.BytesIO(found)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (200, 120))
    assert not service.blobs.exists(record.blobs[0])
