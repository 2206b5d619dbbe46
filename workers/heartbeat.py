"""The thread that says the worker is alive, and that ends the worker when its job hangs for good."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable

import redis

from workers.contract.code_version import code_version
from workers.contract.errors import JobTimeoutError, ServiceError
from workers.contract.jobs import Problem
from workers.contract.presence import Abilities, Presence, WorkerPresence, WorkerState
from workers.contract.settings import Settings
from workers.contract.store import JobStore

log = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Announces the worker's state every `heartbeat_s`, also while the main thread is inside native code.

    A job that ignores its deadline (a deadlocked library, a lost GPU) cannot be stopped from within, so the job is
    failed and the process ends; whatever supervises the worker starts it anew.

    Args:
        name: the worker's name.
        budgets: names of the CPU time that the worker may use.
        die: ends the process; replaced in tests.
    """

    def __init__(
        self,
        name: str,
        presence: Presence,
        store: JobStore,
        settings: Settings,
        budgets: frozenset[str] = frozenset(),
        die: Callable[[int], object] = os._exit,
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._worker, self._budgets = name, budgets
        self._presence, self._store, self._settings, self._die = presence, store, settings, die
        self._abilities: Abilities | None = None
        self._now = self._presence_in(WorkerState.STARTING)
        self._are_abilities_known = False
        self._attempt = 0
        self._timeout_s = self._hung_at = math.inf
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._stop_requested = threading.Event()

    def set(
        self,
        state: WorkerState,
        *,
        job_id: str | None = None,
        attempt: int = 0,
        timeout_s: float = math.inf,
        detail: str | None = None,
    ) -> None:
        """Change the announced state, at once.

        Args:
            job_id, attempt, timeout_s: the job that the worker is busy with, and how long that may take.
            detail: why setup failed.
        """
        with self._lock:
            self._now = self._presence_in(state, job_id, detail)
            self._attempt = attempt
            self._timeout_s = timeout_s
            self._hung_at = time.monotonic() + timeout_s + self._settings.hang_grace_s
        self._announce()

    def _presence_in(self, state: WorkerState, job_id: str | None = None, detail: str | None = None) -> WorkerPresence:
        return WorkerPresence(
            name=self._worker,
            state=state,
            job_id=job_id,
            detail=detail,
            bundle=None if self._abilities is None else self._abilities.bundle,
            queues=self._settings.queues,
            traffic=self._settings.bundle_traffic,
            code_version=code_version(self._settings.build),
            budgets=self._budgets,
        )

    def ready(self, abilities: Abilities) -> None:
        """Announce that the models are loaded; what they can do is published before."""
        self._abilities = abilities
        self.set(WorkerState.STARTING)
        self.set(WorkerState.READY)

    def run(self) -> None:
        """Announce until `stop`."""
        while not self._stop_requested.wait(self._settings.heartbeat_s):
            self._announce()
            if time.monotonic() > self._hung_at:
                self._give_up()

    def stop(self) -> None:
        """Stop announcing and leave."""
        self._stop_requested.set()
        if self.is_alive():
            self.join()
        try:
            self._presence.leave(self._worker)
        except redis.RedisError as error:
            log.warning("could not say goodbye: %s", error)

    def _announce(self) -> None:
        with self._sending:  # or one thread's older state might be written after the other's
            self._send()

    def _send(self) -> None:
        with self._lock:
            now = WorkerPresence(**self._now.model_dump(exclude={"heartbeat_at"}))
        try:
            # Unknown again: this Redis was emptied or has been replaced, and has to learn of them again.
            if self._presence.announce(now, self._settings.presence_ttl_s):
                self._are_abilities_known = False
            if self._abilities is not None and not self._are_abilities_known:
                self._presence.publish(self._abilities)
                self._are_abilities_known = True
        except redis.RedisError as error:
            log.warning("heartbeat not sent: %s", error)

    def _give_up(self) -> None:
        job_id = self._now.job_id
        log.critical("job %s hangs beyond its deadline; ending this worker", job_id)
        if job_id is not None:
            error = JobTimeoutError(f"The job was stopped after {self._timeout_s:g} s; ask for less.")
            try:
                self._store.fail(job_id, self._attempt, Problem.of(error, f"/jobs/{job_id}"), {})
            except (redis.RedisError, ServiceError) as reason:
                log.warning("job %s not marked as failed: %s", job_id, reason)
        self._die(70)
