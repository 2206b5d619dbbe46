"""The service as faults meet it: Redis, an API process and two workers, each of which may be ended and started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from service.settings import ApiSettings
from tests.integration.api.conftest import free_port
from tests.integration.conftest import RedisServer
from tests.integration.workers.conftest import ROOT, Service, environment_of, launch, service_of
from tests.processes import start_process
from workers.contract.connection import connect

WORKERS = 2

WRONG_CLOCK = Path(__file__).with_name("wrong_clock")
"""Where a process finds what lets its clock be set."""

DISK_MB = 16


class ServiceUnderFault:
    """Real processes; the workers render with a stand-in, so that a round takes seconds.

    Args:
        folder: for blobs, logs and the processes' temporary files.

    Attributes:
        has_disk: whether the blobs have a small disk of their own, which root may mount.
    """

    def __init__(self, folder: Path) -> None:
        # A Unix socket's path must be short.
        self._redis_folder = tempfile.TemporaryDirectory(prefix="redis-")
        self.redis = RedisServer(Path(self._redis_folder.name))
        self.redis.start()
        self.temporary, self.blobs = folder / "tmp", folder / "blobs"
        self.temporary.mkdir()
        self.blobs.mkdir()
        self.has_disk = _mounted(self.blobs)
        self._clocks = {name: folder / f"clock-{name}" for name in ("api", *map(str, range(WORKERS)))}
        for clock in self._clocks.values():
            clock.write_text("0")
        self.settings = ApiSettings(
            redis_url=self.redis.url,
            storage_url=str(self.blobs),
            port=free_port(),
            sweep_s=0.2,
            heartbeat_s=0.3,
            presence_ttl_s=2,
            drain_s=2,
        )
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self._log = (folder / "log.txt").open("wb")
        self.api = self._start_api()
        self.workers = [self._start_worker(index) for index in range(WORKERS)]
        self.wait_until_ready()

    @property
    def contract(self) -> Service:
        """The parts that API and workers share, with a client of its own."""
        return service_of(self.settings, connect(self.redis.url))

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Wait until the API says that workers are there."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, f"not ready after {seconds} s"
            time.sleep(0.1)

    def kill_worker(self, index: int) -> None:
        """kill -9, and another one in its place."""
        self.workers[index].kill()
        self.workers[index].wait(10)
        self.workers[index] = self._start_worker(index)

    def stop_worker(self, index: int) -> None:
        """Ask it to end, as a new release does, and start another one."""
        self.workers[index].send_signal(signal.SIGTERM)
        self.workers[index].wait(20)
        self.workers[index] = self._start_worker(index)

    def freeze_worker(self, index: int, seconds: float) -> None:
        """Stop its clock, so that it is thought dead, and let it go on."""
        os.kill(self.workers[index].pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.workers[index].pid, signal.SIGCONT)

    def kill_api(self) -> None:
        """kill -9, and another one in its place."""
        self.api.kill()
        self.api.wait(10)
        self.api = self._start_api()

    def restart_redis(self, number: signal.Signals) -> None:
        """End Redis with a signal, leave everybody without it for a while, and start it again on its data."""
        os.kill(self.redis.pid, number)
        self.redis.wait()
        time.sleep(0.5)
        self.redis.start()

    def fill_disk(self, seconds: float) -> None:
        """Leave the blobs no room for a while."""
        filler = self.blobs / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
        time.sleep(seconds)
        filler.unlink()

    def move_clock(self, process: str, hours: int, seconds: float) -> None:
        """Set the clock of a process, `api` or a worker's number, wrong for a while."""
        self._clocks[process].write_text(str(3600 * hours))
        time.sleep(seconds)
        self._clocks[process].write_text("0")

    def close(self) -> None:
        """End everything."""
        for process in (*self.workers, self.api):
            process.kill()
            process.wait(10)
        self.redis.stop()
        self._redis_folder.cleanup()
        self._log.close()
        if self.has_disk:
            subprocess.run(["umount", "--lazy", self.blobs], check=True)

    def _clock(self, process: str) -> dict[str, str]:
        """What gives a process its clock."""
        return {"PYTHONPATH": f"{WRONG_CLOCK}:{ROOT}", "WRONG_CLOCK": str(self._clocks[process])}

    def _start_api(self) -> subprocess.Popen[bytes]:
        environment = environment_of(self.settings, TMPDIR=str(self.temporary), **self._clock("api"))
        command = [sys.executable, "-m", "service"]
        return start_process(command, cwd=ROOT, env=environment, stdout=self._log, stderr=subprocess.STDOUT)

    def _start_worker(self, index: int) -> subprocess.Popen[bytes]:
        return launch(self.settings, self._log, TMPDIR=str(self.temporary), **self._clock(str(index)))


def _mounted(folder: Path) -> bool:
    """Give a folder a small disk in memory. Returns whether that was allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
    return False
