"""Which workers are alive: they announce themselves with a heartbeat, and publish what their bundle can do."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, cast

import redis
from pydantic import BeforeValidator, Field

from workers.contract.bundle import BundleIdentity, BundleInUse, ServedBundle
from workers.contract.contract_model import ContractModel
from workers.contract.errors import BundleNotServedError, NoWorkerYetError, UnknownBundleError
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
        traffic: the fraction of the requests that name no bundle which its bundle gets; None: what others leave.
        code_version: of its code.
        budgets: names of the CPU time that it may use; workers that name the same share it.
    """

    name: str
    state: WorkerState
    job_id: str | None = None
    detail: Annotated[str, BeforeValidator(partial(cut, length=1000))] | None = None
    bundle: BundleIdentity | None = None
    queues: tuple[QueueName, ...] = tuple(QueueName)
    traffic: float | None = None
    code_version: str = ""
    budgets: frozenset[str] = frozenset()
    heartbeat_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    def takes(self, queue: QueueName, lane: str | None) -> bool:
        """Whether it takes jobs of a queue, in the lane of a bundle or, without one, in the common queue."""
        if queue not in self.queues:
            return False
        return self.traffic is None if lane is None else self.has(lane)

    def has(self, digest: str) -> bool:
        """Whether it has loaded the bundle."""
        return self.bundle is not None and self.bundle.digest == digest


class Abilities(ContractModel):
    """What a bundle can do: the document of its sliders, and whether it has a speech model."""

    bundle: BundleIdentity
    sliders: dict[str, Any]
    speaks: bool
    published_at: float = Field(default_factory=time.time)


class Presence:
    """The workers alive on one Redis, and what they publish of their bundles.

    A request may name its bundle. Of those that name none, a canary (`WorkerPresence.traffic`) gets its fraction, and
    the other workers the rest: whichever of them is free takes such a job. So while these have two bundles (an update
    from one to the next), the API answers and checks by the one of them that was loaded last.
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
            with contextlib.suppress(redis.ResponseError):  # a Redis without room; who reads later forgets them
                self._redis.srem(_WORKERS, *dead)
        return [WorkerPresence.model_validate_json(raw) for raw in found if raw is not None]

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

    def abilities(self, bundle: str | None = None) -> Abilities | None:
        """What a bundle can do: the one that a request names, or that its job is for when it names none.

        Of several the one that was loaded last. None before any was loaded.

        Raises:
            UnknownBundleError: no worker has the one that is named.
            BundleNotServedError: its workers have gone.
        """
        known = self.known_abilities()
        if not known or (len(known) == 1 and bundle is None):
            return next(iter(known), None)
        workers = self.workers()
        if bundle is not None:
            return _named(bundle, known, workers)
        return _newest(_with_common(known, workers) or _loaded(known, workers) or known)

    def known_abilities(self) -> list[Abilities]:
        """What is known of bundles that workers have, or had lately."""
        raw = cast(dict[bytes, bytes], self._redis.hgetall(_BUNDLES))
        return [Abilities.model_validate_json(value) for value in raw.values()]

    def sliders(self, bundle: str | None = None) -> dict[str, Any]:
        """The document of GET /sliders, which names its bundle.

        Raises NoWorkerYetError before any was loaded, else as `abilities`.
        """
        abilities = self.abilities(bundle)
        if abilities is None:
            raise NoWorkerYetError("The sliders are known once the first worker has loaded its models; try again soon.")
        return abilities.sliders | {"bundle": abilities.bundle.model_dump()}

    def speaks(self, bundle: str | None = None) -> bool | None:
        """Whether speech can be turned into motion; None before any bundle was loaded. Raises as `abilities`."""
        abilities = self.abilities(bundle)
        return None if abilities is None else abilities.speaks

    def served(self) -> list[ServedBundle]:
        """The bundles that requests may name, the one that most workers have first."""
        workers, known = self.workers(), {one.bundle.digest: one for one in self.known_abilities()}
        return [
            _served(bundle, known[bundle.digest], [worker for worker in workers if worker.has(bundle.digest)])
            for bundle in bundles_in_use(workers)
            if bundle.digest in known
        ]


def bundles_in_use(workers: Iterable[WorkerPresence]) -> list[BundleInUse]:
    """The bundles that these workers have loaded, the one that most have first."""
    loaded = Counter(worker.bundle for worker in workers if worker.bundle is not None)
    return [BundleInUse(**bundle.model_dump(), workers=count) for bundle, count in loaded.most_common()]


def queue_workers(workers: Iterable[WorkerPresence]) -> dict[QueueName, int]:
    """How many of these workers take each queue."""
    taken = Counter(queue for worker in workers for queue in set(worker.queues))
    return {queue: taken[queue] for queue in QueueName}


def _named(choice: str, known: Iterable[Abilities], workers: Sequence[WorkerPresence]) -> Abilities:
    """What is known of the bundle that a request names; of several one that also gets unnamed requests, the newest."""
    meant = [one for one in known if one.bundle.is_meant_by(choice)]
    if not meant:
        names = ", ".join(sorted({f"{one.name}:{one.version}" for one in bundles_in_use(workers)})) or "none now"
        raise UnknownBundleError(f"No worker has a bundle {cut(choice, 80)!r}; served are: {names}.")
    loaded = _loaded(meant, workers)
    if not loaded:
        raise BundleNotServedError(f"No live worker has the bundle {cut(choice, 80)!r} now; try again later.")
    return _newest(_with_common(loaded, workers) or loaded)


def _loaded(known: Iterable[Abilities], workers: Sequence[WorkerPresence]) -> list[Abilities]:
    return [one for one in known if any(worker.has(one.bundle.digest) for worker in workers)]


def _with_common(known: Iterable[Abilities], workers: Sequence[WorkerPresence]) -> list[Abilities]:
    return _loaded(known, [worker for worker in workers if worker.traffic is None])


def _newest(known: Iterable[Abilities]) -> Abilities:
    return max(known, key=lambda one: one.published_at)


def _served(bundle: BundleInUse, abilities: Abilities, workers: Sequence[WorkerPresence]) -> ServedBundle:
    traffic = [worker.traffic for worker in workers if worker.traffic is not None]
    return ServedBundle(
        **bundle.model_dump(),
        queues=queue_workers(workers),
        traffic=max(traffic) if len(traffic) == len(workers) else None,
        space=str(abilities.sliders.get("space", "")),
        speaks=abilities.speaks,
        code_versions=sorted({worker.code_version for worker in workers if worker.code_version}),
    )


def _key(name: str) -> str:
    return key("worker", name)
