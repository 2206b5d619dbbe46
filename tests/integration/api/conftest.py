"""The real API server on a real Redis. The worker's part is played by the test, through the same contract."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from models.coefficients import ARKIT
from service.server import Server
from service.settings import ApiSettings
from tests.integration.api.contract import CONTRACT
from tests.integration.conftest import BUNDLE, RedisServer
from tests.processes import start_process
from workers.contract.batches import BatchStore
from workers.contract.blobs import BlobStore
from workers.contract.bundle import BundleIdentity
from workers.contract.connection import connect
from workers.contract.jobs import JobRecord, Problem, Progress, Result
from workers.contract.motions import MotionLibrary
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import Abilities, Presence, WorkerPresence, WorkerState
from workers.contract.queue import JobQueue
from workers.contract.reaper import Reaper
from workers.contract.routing import Router
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore
from workers.contract.stored_motion import MotionFacts

MOTION_DOCUMENT = b'{"space": "arkit", "bundle": null, "names": [], "fps": null, "frames": []}'
ROOT = Path(__file__).parents[3]


class ActedWorker:
    """Acts as a worker: claims what waits, reports, and ends it as the test says."""

    NAME = "acted"

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self.client = client = connect(settings.redis_url)
        self.store = JobStore(client, settings)
        self.queue = JobQueue(client, settings)
        self.blobs = BlobStore(settings.storage_url, client)
        self.sources = SourceRegistry(client, self.blobs, settings)
        self.presence = Presence(client)
        self.batches = BatchStore(client, self.store, self.queue, self.presence, settings)
        self.appear()

    def appear(
        self,
        state: WorkerState = WorkerState.READY,
        *,
        name: str = NAME,
        bundle: BundleIdentity = BUNDLE,
        speaks: bool = True,
        **more: Any,
    ) -> None:
        """Announce the worker, or another one; further keywords are of its presence."""
        self.presence.announce(WorkerPresence(name=name, state=state, bundle=bundle, **more), ttl_s=600)
        self.presence.publish(Abilities(bundle=bundle, sliders=ARKIT.document(), speaks=speaks))

    @property
    def router(self) -> Router:
        """What chooses a job's lane."""
        return Router(self.presence)

    @property
    def reaper(self) -> Reaper:
        """One that has swept nothing yet."""
        return Reaper(self.store, self.queue, self.batches, self.presence, self.blobs, self._settings)

    def claim(self, job_id: str | None = None) -> JobRecord:
        """Take the job, or the first that comes, out of the queue and start it."""
        wait_until(lambda: any(job_id in (None, waiting) for waiting, _ in self.queue.entries()))
        record = self.store.get(job_id or next(iter(self.queue.entries()))[0])
        self.queue.remove(record)
        return self.store.claim(record.job.id, record.attempt, self.NAME, BUNDLE)

    def progress(self, record: JobRecord, done: int, total: int = 10) -> bool:
        return self.store.report(record.job.id, record.attempt, Progress(done=done, total=total, stage="render"))

    def succeed(self, record: JobRecord, data: bytes = b"picture", media_type: str = "image/png") -> None:
        self.succeed_with(record, [data], media_type)

    def succeed_with(self, record: JobRecord, files: list[bytes], media_type: str) -> None:
        """End the job with several results."""
        url, results = f"/jobs/{record.job.id}/result", {}
        for index, data in enumerate(files):
            key = f"results/{record.owner}/{record.job.id}-1-{index}"
            self.blobs.put(key, BytesIO(data), 600)
            query = f"?index={index}" if len(files) > 1 else ""
            results[key] = Result(url=url + query, media_type=media_type, width=8, height=8, space="arkit")
        self.store.succeed(record.job.id, record.attempt, results, {"render_s": 0.1}, Progress(stage="done"))

    def keep_motion(self, name: str, owner: str = ANONYMOUS, *, sound: bool = True) -> None:
        """Do what a worker does at the end of a POST /motions."""
        facts = MotionFacts(title=name.title(), space="arkit", frames=50, fps=25, seconds=2)
        with tempfile.TemporaryDirectory() as folder:
            document, heard = Path(folder, "a.json"), Path(folder, "a.flac")
            document.write_bytes(MOTION_DOCUMENT)
            heard.write_bytes(b"fLaC and more")
            library = MotionLibrary(self.client, self.blobs, self._settings)
            library.add(owner, name, facts, document, heard if sound else None, job="0" * 32, attempt=1)

    def fail(self, record: JobRecord, problem: Problem) -> None:
        self.store.fail(record.job.id, record.attempt, problem, {})


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def alone(settings: ApiSettings, **changes: Any) -> ApiSettings:
    """Settings for a further server beside the shared one."""
    return settings.model_copy(update={"port": free_port(), **changes})


@contextlib.contextmanager
def serving(settings: ApiSettings) -> Iterator[tuple[Server, httpx.Client]]:
    """The real server in a thread, and a client of it."""
    server = Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        url = f"http://127.0.0.1:{settings.port}"
        hooks = {"response": [CONTRACT.check]}  # whatever a test asks for, the answer is as the contract says
        with httpx.Client(base_url=url, timeout=20, event_hooks=hooks) as client:
            yield server, client
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def settings(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> ApiSettings:
    """Settings for the tests' Redis, a folder of blobs and a free port."""
    storage = tmp_path_factory.mktemp("blobs")
    return ApiSettings(redis_url=redis_server.url, storage_url=str(storage), port=free_port())


@pytest.fixture(scope="session")
def server(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of the one server that most tests share; it keeps no state of its own."""
    with serving(settings) as (_, http):
        yield http


@pytest.fixture
def worker(settings: ApiSettings, client: redis.Redis) -> ActedWorker:
    """A worker on the emptied Redis."""
    return ActedWorker(settings)


@pytest.fixture
def api(server: httpx.Client, worker: ActedWorker) -> httpx.Client:
    """A client of the API, with a worker behind it."""
    return server


@pytest.fixture(scope="session")
def photo(hopper_jpeg: Path) -> dict[str, Any]:
    """A multipart `source`."""
    return {"source": ("photo.jpg", hopper_jpeg.read_bytes(), "image/jpeg")}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is that problem; its document."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert {"type", "title", "detail", "instance"} <= problem.keys()
    return problem


@dataclass
class ApiProcess:
    """`python -m service` as an operator starts it."""

    process: subprocess.Popen[bytes]
    port: int
    http: httpx.Client
    _log: Path

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return self._log.read_text()


@contextlib.contextmanager
def api_process(settings: ApiSettings, **variables: str) -> Iterator[ApiProcess]:
    """The API on these settings' stores and a port of its own, with further environment variables; up, or ended."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTRAIT_")},
        "PYTHONPATH": str(ROOT),
        "PORTRAIT_REDIS_URL": settings.redis_url,
        "PORTRAIT_STORAGE_URL": settings.storage_url,
        "PORTRAIT_PORT": str(port),
        **variables,
    }
    with tempfile.NamedTemporaryFile() as log, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
        command = [sys.executable, "-m", "service"]
        process = start_process(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: process.poll() is not None or answers(port), seconds=60)
            yield ApiProcess(process, port, http, Path(log.name))
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
