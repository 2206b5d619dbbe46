"""A child process that does not outlive its parent."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection, Mapping, Sequence

from service.embedded.guard import Guard

logger = logging.getLogger("service.embedded")

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class Child:
    """One started process of the stack."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, guard: Guard) -> None:
        self.name = name
        self._process, self._guard = process, guard

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        guard: Guard,
        environment: Mapping[str, str] | None = None,
        *,
        inherited: Collection[int] = (),
    ) -> "Child":
        """Start `command` with `environment` added to our own, and with the file descriptors that it is to inherit.

        It runs in a session of its own: the terminal's Ctrl-C reaches the parent alone, which then stops the
        children in order. Should the parent be killed, `guard` ends the child, with the processes that it started.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=_die_with_parent(),
            pass_fds=inherited,
        )
        guard.watch(process.pid)
        logger.info("started %s", name, extra={"fields": {"child": name, "pid": process.pid}})
        return cls(name, process, guard)

    async def wait(self) -> int:
        """Wait until the process ends by itself; its exit status, negative for a signal."""
        status = await self._process.wait()
        self._guard.forget(self._process.pid)
        return status

    async def stop(self, grace_s: float) -> None:
        """Ask the process to end, and end it if it has not within `grace_s` seconds."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self.wait(), grace_s)
        except TimeoutError:
            logger.warning("%s did not stop within %g s: killed", self.name, grace_s)
            self._process.kill()
            await self.wait()


def _die_with_parent() -> Callable[[], None] | None:
    """What a new process runs first, so that the kernel ends it should the parent be killed. Linux only."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child may not

    def request_death_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return request_death_signal
