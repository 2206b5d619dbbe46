"""Which workers are alive: they announce themselves with a heartbeat, and publish what their bundle can do."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, cast

import redis
from pydantic import BeforeValidator, Field

from workers.contract.bundle import BundleIdentity, BundleInUse
from workers.contract.contract_model import ContractModel
from workers.contract.errors import NoWorkerYetError, QueueNotServedError
from workers.contract.keys import key
from workers.contract.queue_names import QueueName
from workers.contract.text import cut

_WORKERS = key("workers")
_PROBE = key("probe")
_BUNDLES = key("bundles")  # digest -> what the bundle can do


class WorkerState(StrEnum):
    """A worker's health."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    SETUP_FAILED = "setup_failed"


class WorkerPresence(ContractModel):
    """One worker as it last announced itself.

    Attributes:
        detail: why setup failed.
        bundle: what it has loaded.
        queues: where it takes jobs from.
        budgets: names of the CPU time that it may use; workers that name the same share it.
    """

    name: str
    state: WorkerState
    job_id: str | None = None
    detail: Annotated[str, BeforeValidator(partial(cut, length=1000))] | None = None
    bundle: BundleIdentity | None = None
    queues: tuple[QueueName, ...] = tuple(QueueName)
    budgets: frozenset[str] = frozenset()
    heartbeat_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Abilities(ContractModel):
    """What a bundle can do: the document of its sliders, and whether it has a speech model."""

    bundle: BundleIdentity
    sliders: dict[str, Any]
    speaks: bool
    published_at: float = Field(default_factory=time.time)


class Presence:
    """The workers alive on one Redis, and what they publish of their bundles.

    Workers that share a Redis are meant to share a bundle. While they do not (an update from one to the next),
    whichever is free takes a job, and the job names its bundle; the API answers and checks by the bundle that was
    loaded last.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def announce(self, worker: WorkerPresence, ttl_s: float) -> bool:
        """Say that the worker is alive for the next `ttl_s` seconds. Returns whether it was unknown until now."""
        with self._redis.pipeline() as pipe:
            pipe.sadd(_WORKERS, worker.name)
            pipe.set(_key(worker.name), worker.model_dump_json(), px=int(ttl_s * 1000))
            return bool(pipe.execute()[0])

    def leave(self, name: str) -> None:
        """Say that the worker is gone."""
        with self._redis.pipeline() as pipe:
            pipe.srem(_WORKERS, name)
            pipe.delete(_key(name))
            pipe.execute()

    def get(self, name: str) -> WorkerPresence | None:
        """The worker as it last announced itself, None when its last heartbeat is too old."""
        raw = cast(bytes | None, self._redis.get(_key(name)))
        return None if raw is None else WorkerPresence.model_validate_json(raw)

    def probe(self) -> None:
        """Write something, as every job will. Raises what Redis has against it."""
        self._redis.set(_PROBE, 1, ex=60)

    def workers(self) -> list[WorkerPresence]:
        """All live workers, by name; forgets the names of dead ones."""
        names = sorted(name.decode() for name in cast(set[bytes], self._redis.smembers(_WORKERS)))
        if not names:
            return []
        found = cast(list[bytes | None], self._redis.mget([_key(name) for name in names]))
        dead = [name for name, raw in zip(names, found, strict=True) if raw is None]
        if dead:
            self._redis.srem(_WORKERS, *dead)
        return [WorkerPresence.model_validate_json(raw) for raw in found if raw is not None]

    def ensure_served(self, queue: QueueName) -> None:
        """Raise QueueNotServedError where workers are alive and none takes the queue: a job would wait in vain.

        Without any worker a job may wait, since one that comes up is likely to take it.
        """
        workers = self.workers()
        if workers and not queue_workers(workers)[queue]:
            raise QueueNotServedError(
                f"No live worker takes jobs from the queue `{queue}`. Try again later, or start a worker whose "
                f"PORTRAIT_QUEUES names it."
            )

    def bundles(self) -> list[BundleInUse]:
        """The bundles of the live workers, the one that most have loaded first."""
        return bundles_in_use(self.workers())

    def publish(self, abilities: Abilities) -> None:
        """Make a bundle's abilities known, by a worker that has announced itself with it.

        They stay when the worker goes, until one with another bundle comes.
        """
        used = {bundle.digest for bundle in self.bundles()} | {abilities.bundle.digest}
        known = {digest.decode() for digest in cast(list[bytes], self._redis.hkeys(_BUNDLES))}
        with self._redis.pipeline() as pipe:
            pipe.hset(_BUNDLES, abilities.bundle.digest, abilities.model_dump_json())
            if unused := known - used:
                pipe.hdel(_BUNDLES, *unused)
            pipe.execute()

    def abilities(self) -> Abilities | None:
        """What the bundle that was loaded last can do, of those that live workers have; None before any was loaded."""
        raw = cast(dict[bytes, bytes], self._redis.hgetall(_BUNDLES))
        known = [Abilities.model_validate_json(value) for value in raw.values()]
        if len(known) > 1:
            used = {bundle.digest for bundle in self.bundles()}
            known = [one for one in known if one.bundle.digest in used] or known
        return max(known, key=lambda one: one.published_at, default=None)

    def sliders(self) -> dict[str, Any]:
        """The document of GET /sliders, which names its bundle. Raises NoWorkerYetError before any was loaded."""
        abilities = self.abilities()
        if abilities is None:
            raise NoWorkerYetError("The sliders are known once the first worker has loaded its models; try again soon.")
        return abilities.sliders | {"bundle": abilities.bundle.model_dump()}

    def speaks(self) -> bool | None:
        """Whether speech can be turned into motion; None before any bundle was loaded."""
        abilities = self.abilities()
        return None if abilities is None else abilities.speaks


def bundles_in_use(workers: Iterable[WorkerPresence]) -> list[BundleInUse]:
    """The bundles that these workers have loaded, the one that most have first."""
    loaded = Counter(worker.bundle for worker in workers if worker.bundle is not None)
    return [BundleInUse(**bundle.model_dump(), workers=count) for bundle, count in loaded.most_common()]


def queue_workers(workers: Iterable[WorkerPresence]) -> dict[QueueName, int]:
    """How many of these workers take each queue."""
    taken = Counter(queue for worker in workers for queue in set(worker.queues))
    return {queue: taken[queue] for queue in QueueName}


def _key(name: str) -> str:
    return key("worker", name)
