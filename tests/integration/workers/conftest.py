"""What the tests of the worker share: the contract's parts on a real Redis, and real worker processes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pytest
import redis
from PIL import Image

from tests.processes import start_process
from workers.contract.batches import BatchStore
from workers.contract.blobs import BlobStore
from workers.contract.connection import connect
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds import JobRequest
from workers.contract.kinds.edit import EditRequest
from workers.contract.kinds.reenact import ReenactRequest
from workers.contract.kinds.talk import TalkRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import Presence, WorkerState
from workers.contract.queue import JobQueue
from workers.contract.reaper import Reaper
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore

if TYPE_CHECKING:
    from tests.integration.conftest import RedisServer

ROOT = Path(__file__).parents[3]


@dataclass
class Service:
    """What the API holds, and what it does with it."""

    settings: Settings
    client: redis.Redis
    store: JobStore
    queue: JobQueue
    blobs: BlobStore
    sources: SourceRegistry
    presence: Presence

    @property
    def batches(self) -> BatchStore:
        """What feeds batches."""
        return BatchStore(self.client, self.store, self.queue, self.presence, self.settings)

    def submit(self, source_id: str, **request: object) -> str:
        """Accept a request as the API does. Returns the job's id."""
        return self.start(EditRequest, source_id, **request)

    def add(self, data: bytes) -> str:
        """Store a file of any kind. Returns its id."""
        return self.sources.add(ANONYMOUS, io.BytesIO(data), ("picture", "video", "motion", "audio")).id

    def reenact(self, source_id: str, driver: bytes, kind: str = "video", **options: object) -> JobRecord:
        """Have a driver put on a photo, and wait for the end."""
        return self.finish(
            self.start(ReenactRequest, source_id, driver_id=self.add(driver), driver_kind=kind, options=options)
        )

    def reenact_video(self, source: bytes, driver: bytes, kind: str = "video", **options: object) -> JobRecord:
        """The same with a video as the source."""
        fields = {"source_kind": "video", "driver_id": self.add(driver), "driver_kind": kind, "options": options}
        return self.finish(self.start(ReenactRequest, self.add(source), **fields))

    def talk(
        self, source_id: str, audio: bytes, pose: bytes | None = None, pose_kind: str = "motion", **options: object
    ) -> JobRecord:
        """Have a photo say something, perhaps with other head poses, and wait for the end."""
        fields: dict[str, object] = {"audio_id": self.add(audio), "options": options}
        if pose is not None:
            fields |= {"pose_id": self.add(pose), "pose_kind": pose_kind}
        return self.finish(self.start(TalkRequest, source_id, **fields))

    def start(self, kind: type[JobRequest], source_id: str, **fields: object) -> str:
        """Accept a request of any kind. Returns the job's id."""
        record, _ = self.store.create(kind.model_validate({"source_id": source_id, **fields}), ANONYMOUS)
        self.queue.enqueue(record)
        return record.job.id

    def result(self, record: JobRecord, folder: Path, index: int = 0) -> Path:
        """One of a job's results as a file."""
        assert record.job.result is not None, record.job.error
        path = folder / record.blobs[index].rpartition("/")[2]
        with self.blobs.open(record.blobs[index]) as file:
            path.write_bytes(file.read())
        return path

    def reaper(self) -> Reaper:
        """A reaper as the API runs one."""
        return Reaper(self.store, self.queue, self.batches, self.presence, self.blobs, self.settings)

    def wait(self, job_id: str, until: Callable[[JobRecord], bool], seconds: float = 40) -> JobRecord:
        """Wait until a job is as wanted."""
        record = self.store.get(job_id)
        deadline = time.monotonic() + seconds
        while not until(record):
            assert time.monotonic() < deadline, f"still {record.job} after {seconds} s"
            assert not record.job.status.final, f"ended too early: {record.job}"
            time.sleep(0.02)
            record = self.store.get(job_id)
        return record

    def finish(self, job_id: str, seconds: float = 40) -> JobRecord:
        """Wait until a job has ended."""
        return self.wait(job_id, lambda record: record.job.status.final, seconds)

    def running(self, job_id: str) -> JobRecord:
        """Wait until a job has rendered its first frame."""
        return self.wait(job_id, lambda record: record.job.status is JobStatus.RUNNING and record.job.progress.done > 0)

    def cancel_in(self, stage: str, job_id: str) -> JobRecord:
        """Cancel a job when it has come some way into a stage. Returns it as it was then; it must end soon after."""
        running = self.wait(job_id, lambda record: record.job.progress.stage == stage and record.job.progress.done > 1)
        started = time.monotonic()
        self.store.cancel(job_id)
        assert self.finish(job_id).job.status is JobStatus.CANCELLED
        assert time.monotonic() - started < 5
        return running

    def wait_for_worker(self, state: WorkerState, count: int = 1, seconds: float = 40) -> None:
        """Wait until as many workers are in a state."""
        deadline = time.monotonic() + seconds
        while sum(worker.state is state for worker in self.presence.workers()) < count:
            assert time.monotonic() < deadline, f"no {count} workers {state}: {self.presence.workers()}"
            time.sleep(0.05)


def service_of(settings: Settings, client: redis.Redis) -> Service:
    """The contract's parts for some settings."""
    blobs = BlobStore(settings.storage_url, client)
    return Service(
        settings=settings,
        client=client,
        store=JobStore(client, settings),
        queue=JobQueue(client, settings),
        blobs=blobs,
        sources=SourceRegistry(client, blobs, settings),
        presence=Presence(client),
    )


@pytest.fixture(scope="module")
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of the server, emptied once a module: a module's tests share a worker."""
    client = connect(redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="module")
def settings(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Impatient settings with a fresh folder of blobs."""
    return Settings(
        redis_url=redis_server.url,
        storage_url=str(tmp_path_factory.mktemp("blobs")),
        sweep_s=0.2,
        heartbeat_s=0.3,
        presence_ttl_s=2,
        drain_s=2,
    )


@pytest.fixture(scope="module")
def service(settings: Settings, client: redis.Redis) -> Service:
    """The contract's parts on the module's Redis."""
    return service_of(settings, client)


@pytest.fixture(scope="module")
def photo(service: Service, astronaut: np.ndarray) -> str:
    """The id of an uploaded photo."""
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "PNG")
    return service.sources.add(ANONYMOUS, file).id


def environment_of(settings: Settings, **variables: str) -> dict[str, str]:
    """The environment that gives a process these settings; keywords are further variables."""
    chosen = settings.model_dump(exclude_defaults=True).items()
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        **{
            f"PORTRAIT_{name.upper()}": ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            for name, value in chosen
        },
        **variables,
    }


def launch(settings: Settings, log: BinaryIO | None = None, **variables: str) -> subprocess.Popen[bytes]:
    """Start a real worker process around `standin.Standin`; keywords are environment variables."""
    command = [sys.executable, str(Path(__file__).with_name("standin.py"))]
    environment = environment_of(settings, **variables)
    return start_process(command, cwd=ROOT, env=environment, stdout=log, stderr=log and subprocess.STDOUT)


@pytest.fixture
def start_worker(settings: Settings) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts workers that are gone when the test ends."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        processes.append(launch(settings, **variables))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait(10)


def picture(astronaut: np.ndarray) -> io.BytesIO:
    """A picture file."""
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "JPEG")
    return file


def own_database(redis_server: RedisServer, number: int) -> Iterator[redis.Redis]:
    """A client of an empty database of its own: a worker of another module that is still ending sweeps too, and would
    take a test's blobs off the list to delete them in its own folder."""
    client = connect(f"{redis_server.url}?db={number}")
    client.flushdb()
    yield client
    client.close()
