"""Who is there: workers announce themselves with a heartbeat, and publish what the bundle they loaded can do."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

import redis
from pydantic import Field

from workers.contract.document import Document
from workers.contract.errors import NoWorkerYetError

_WORKERS = "portrait:workers"
_SLIDERS = "portrait:sliders"
_SPEAKS = "portrait:speaks"


class WorkerState(StrEnum):
    """A worker's health."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    SETUP_FAILED = "setup_failed"


class WorkerPresence(Document):
    """One worker as it last announced itself.

    Attributes:
        detail: why setup failed.
        budgets: names of the CPU time that it may use; workers that name the same share it.
    """

    name: str
    state: WorkerState
    job_id: str | None = None
    detail: str | None = None
    budgets: frozenset[str] = frozenset()
    heartbeat_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Presence:
    """The workers alive on one Redis, and what they publish of their bundle."""

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

    def publish(self, sliders: dict[str, Any], *, speaks: bool) -> None:
        """Make a bundle's abilities known: the document of its sliders, and whether it has a speech model.

        They stay when the worker goes.
        """
        self._redis.mset({_SLIDERS: json.dumps(sliders), _SPEAKS: int(speaks)})

    def sliders(self) -> dict[str, Any]:
        """The document of GET /sliders. Raises NoWorkerYetError before any worker published one."""
        raw = cast(bytes | None, self._redis.get(_SLIDERS))
        if raw is None:
            raise NoWorkerYetError("The sliders are known once the first worker has loaded its models; try again soon.")
        return cast(dict[str, Any], json.loads(raw))

    def speaks(self) -> bool | None:
        """Whether speech can be turned into motion; None before any worker published it."""
        raw = cast(bytes | None, self._redis.get(_SPEAKS))
        return None if raw is None else raw == b"1"


def _key(name: str) -> str:
    return f"portrait:worker:{name}"
