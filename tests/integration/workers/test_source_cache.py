"""A worker reads a photo once for all jobs of its owner."""

from __future__ import annotations

import io
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.api.conftest import free_port, wait_until
from tests.integration.workers.conftest import launch
from workers.contract.erasure import Eraser
from workers.contract.errors import UnknownJobError
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds import JobRequest
from workers.contract.kinds.edit import EditRequest
from workers.contract.kinds.faces import FacesRequest
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

READ = ("decode_s", "extract_s")


@pytest.fixture(scope="module")
def port() -> int:
    """Where the worker shows its metrics."""
    return free_port()


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker."""
    process = launch(settings, PORTRAIT_METRICS_PORT=str(port))
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.fixture
def png() -> bytes:
    """A photo that no test has used before."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng().integers(0, 255, (96, 96, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def edited(service: Service, png: bytes, owner: str, **options: object) -> JobRecord:
    """Have an owner's photo uploaded and edited."""
    source = service.sources.add(owner, io.BytesIO(png))
    request = EditRequest.model_validate(
        {"source_id": source.id, "controls": {"expression": {"jawOpen": 0.5}}, "options": options}
    )
    return done(service, request, owner)


def done(service: Service, request: JobRequest, owner: str) -> JobRecord:
    """Have a request carried out."""
    record, _ = service.store.create(request, owner)
    service.queue.enqueue(record)
    return service.finish(record.job.id)


def was_read(record: JobRecord) -> bool:
    """Whether a job has looked for the face in its photo; then alone it may have decoded it too."""
    assert record.job.status is JobStatus.SUCCEEDED, record.job.error
    decoded, read = (record.job.metrics[stage] > 0 for stage in READ)
    assert read >= decoded, record.job.metrics
    return read


def numbers(port: int) -> tuple[float, float, float]:
    """Hits, misses and bytes by the worker's metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    name = "portrait_worker_source_cache"
    hits, misses = (found.get((f"{name}_lookups_total", result), 0) for result in ("hit", "miss"))
    return hits, misses, found[f"{name}_bytes",]


def test_the_second_edit_reads_nothing_and_makes_the_same_picture(service: Service, port: int, png: bytes) -> None:
    hits, misses, before = numbers(port)
    first, second = (edited(service, png, "one") for _ in range(2))
    assert [was_read(first), was_read(second)] == [True, False]
    pictures = []
    for record in (first, second):
        with service.blobs.open(record.blobs[0]) as file:
            pictures.append(np.asarray(Image.open(io.BytesIO(file.read()))))
    assert (pictures[0] == pictures[1]).all()
    now = numbers(port)
    assert now[:2] == (hits + 1, misses + 1)
    assert now[2] > before + 96 * 96 * 3


def test_another_owner_and_another_face_are_read_anew(service: Service, png: bytes) -> None:
    assert was_read(edited(service, png, "one"))
    assert was_read(edited(service, png, "two"))
    assert was_read(edited(service, png, "one", face=0))
    assert not was_read(edited(service, png, "two"))


def test_faces_and_edits_read_for_each_other(service: Service, png: bytes) -> None:
    source = service.sources.add("one", io.BytesIO(png))
    look = FacesRequest(source_id=source.id)
    assert was_read(done(service, look, "one"))
    assert not was_read(done(service, look, "one"))
    assert not was_read(edited(service, png, "one", face=0))
    largest = edited(service, png, "one")
    assert was_read(largest), "it is searched for in another way"
    assert largest.job.metrics["decode_s"] < 0.01, "but decoded it is already"


def test_a_deleted_photo_is_refused_and_leaves_the_memory(service: Service, port: int, png: bytes) -> None:
    record = edited(service, png, "one")
    source, kept = record.request.source_id, numbers(port)[2]
    late, _ = service.store.create(EditRequest(source_id=source), "one")
    service.sources.delete("one", source)
    service.queue.enqueue(late)
    error = service.finish(late.job.id).job.error
    assert error is not None
    assert (error.code, error.status) == ("source_expired", 410)
    assert numbers(port)[2] < kept
    assert was_read(edited(service, png, "one")), "uploaded again"


def eraser(service: Service) -> Eraser:
    return Eraser(service.client, service.store, service.queue, service.blobs, service.sources)


def test_an_erased_photo_leaves_the_memory_though_nobody_asks_for_it(service: Service, port: int, png: bytes) -> None:
    source, kept = edited(service, png, "one").request.source_id, numbers(port)[2]
    eraser(service).erase_source("one", source)
    wait_until(lambda: numbers(port)[2] < kept)


def test_an_erased_owner_leaves_nothing_of_a_job_that_runs(service: Service, port: int, png: bytes) -> None:
    edited(service, png, "two")
    kept = numbers(port)[2]
    source = service.sources.add("two", io.BytesIO(png)).id
    slow = {"keyframes": [{"time": t, "expression": {"mouthFunnel": 1.0}} for t in (0.0, 4.0)]}
    record, _ = service.store.create(EditRequest.model_validate({"source_id": source, "controls": slow}), "two")
    service.queue.enqueue(record)
    service.wait(record.job.id, lambda running: running.job.progress.done > 0)

    erased = eraser(service).erase_owner("two")
    assert erased.jobs >= 2
    assert erased.files >= 2
    wait_until(lambda: not service.presence.workers()[0].job_id, 20)
    wait_until(lambda: numbers(port)[2] < kept)
    with pytest.raises(UnknownJobError):
        service.store.get(record.job.id)
    stored = [path for path in Path(service.settings.storage_url).rglob("*") if path.is_file() and "two" in path.parts]
    assert not stored
    wait_until(lambda: not list(service.client.scan_iter("*rq:job:two_*")))
    assert edited(service, png, "one").job.status is JobStatus.SUCCEEDED, "the worker goes on"
