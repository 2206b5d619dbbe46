"""Start Redis, the API and one worker in order, keep the worker alive, stop everything in order."""

import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from service.embedded.child import Child
from service.embedded.errors import ProcessEndedError
from service.embedded.guard import Guard
from service.embedded.lock import locked
from service.embedded.probes import api_ready, forget_workers, redis_answers, require_free_port
from service.embedded.redis_server import find_redis_server, redis_command
from service.embedded.settings import EmbeddedSettings

logger = logging.getLogger("service.embedded")

FIRST_RESTART_S, LAST_RESTART_S = 0.5, 30.0
HEALTHY_S = 60.0  # a worker that lived this long did not die of its set-up: the next restart comes fast again
REDIS_GRACE_S = 10.0  # to write its data


class Stack:
    """The three processes of the embedded service.

    Redis and the API are expected to live as long as the stack: when one of them ends, something is wrong that a
    restart would hide (a taken port, a full disk), so the stack ends with an error. A worker may die of one bad job
    or of too little memory; it is started again.
    """

    def __init__(self, settings: EmbeddedSettings, run_dir: Path) -> None:
        self._settings = settings
        self._data_dir = settings.data_dir.absolute()
        self._temporary = self._data_dir / "tmp"
        self._socket = run_dir / "redis.sock"
        self._redis_url = f"unix://{self._socket}"
        self._environment = {
            "PORTRAIT_REDIS_URL": self._redis_url,
            "PORTRAIT_STORAGE_URL": str(self._data_dir / "blobs"),
            "TMPDIR": str(self._temporary),
        }
        self._children: dict[str, Child] = {}
        self._guard: Guard  # while it runs

    @property
    def url(self) -> str:
        """Where the API answers, as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._settings.host, self._settings.host)
        return f"http://{host}:{self._settings.port}"

    async def run(self, stop: asyncio.Event, on_ready: Callable[[str], None]) -> None:
        """Run until `stop` is set, then end every process.

        Args:
            stop: asks for the end.
            on_ready: called once with the URL, when the first request can be answered.

        Raises:
            RedisMissingError: there is no Redis to start.
            PortTakenError: the API cannot listen where it should.
            DataDirInUseError: another stack uses the data folder.
            ExceptionGroup: of ProcessEndedError or SetupFailedError.
        """
        require_free_port(self._settings.host, self._settings.port)
        redis = redis_command(find_redis_server(), self._socket, self._data_dir)
        # Redis inherits the lock: should this process be killed, no other stack writes before Redis has ended.
        with locked(self._data_dir) as lock, Guard() as self._guard:
            self._empty_temporary()
            try:
                async with asyncio.TaskGroup() as tasks:
                    lives = [
                        tasks.create_task(self._supervise("redis", redis, lock)),
                        tasks.create_task(self._serve(on_ready)),
                    ]
                    await stop.wait()
                    for life in lives:
                        life.cancel()
            finally:
                await self._end()

    def _empty_temporary(self) -> None:
        """Drop the uploads and half-made files of processes that were killed."""
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir()

    async def _serve(self, on_ready: Callable[[str], None]) -> None:
        await redis_answers(self._redis_url)
        await asyncio.to_thread(forget_workers, self._redis_url)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._supervise("api", [sys.executable, "-m", "service"]))
            tasks.create_task(self._keep_alive("worker", [sys.executable, "-m", "workers"]))
            await api_ready(self.url, self._redis_url)
            on_ready(self.url)

    async def _supervise(self, name: str, command: Sequence[str], *inherited: int) -> None:
        status = await (await self._start(name, command, *inherited)).wait()
        raise ProcessEndedError(f"The {name} process ended with status {status}; the lines above say why.")

    async def _keep_alive(self, name: str, command: Sequence[str]) -> None:
        pause = FIRST_RESTART_S
        while True:
            started = time.monotonic()
            status = await (await self._start(name, command)).wait()
            if time.monotonic() - started > HEALTHY_S:
                pause = FIRST_RESTART_S
            logger.warning("the %s ended with status %d; starting another in %g s", name, status, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_RESTART_S)

    async def _start(self, name: str, command: Sequence[str], *inherited: int) -> Child:
        self._children[name] = await Child.start(name, command, self._guard, self._environment, inherited=inherited)
        return self._children[name]

    async def _end(self) -> None:
        redis = self._children.pop("redis", None)
        # The worker hands its job back and the API answers its waiting clients: both need Redis for it.
        grace = max(self._settings.shutdown_s, self._settings.drain_s) + 5.0
        await asyncio.gather(*(child.stop(grace) for child in self._children.values()))
        if redis is not None:
            await redis.stop(REDIS_GRACE_S)
        shutil.rmtree(self._temporary, ignore_errors=True)
