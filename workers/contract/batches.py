"""Batches: many edits with one status. Few of them are in the queue at a time, so that other jobs get their turn."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

import redis
from pydantic import Field

from workers.contract.cancelling import cancel_job
from workers.contract.contract_model import ContractModel
from workers.contract.errors import IdempotencyConflictError, QueueFullError, UnknownBatchError
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds.edit import EditRequest
from workers.contract.presence import Presence
from workers.contract.queue import JobQueue
from workers.contract.queue_names import QueueName
from workers.contract.records import (
    ACTIVE,
    BATCHES,
    HELD_PART,
    JOBS_PART,
    OWNERS,
    UNDER_WAY_PART,
    batch_key,
    batches_of,
    flat,
    idempotency_name,
    job_key,
    jobs_of,
    moment,
    new_job_fields,
)
from workers.contract.redis_time import redis_time
from workers.contract.room import has_room
from workers.contract.routing import Router
from workers.contract.settings import Settings
from workers.contract.store import JobStore
from workers.contract.terms import ORDINARY, Terms
from workers.contract.text import ID_LENGTH, cut

_PER_WORKER = 2  # of a batch's edits in the queue for each worker: none waits for the next one

# KEYS: batch, jobs that wait outside of the queue, those in the queue or running, active set. ARGV: how many may be in
# the queue or running, now, what a job's key begins with, what a key of an owner's begins with. Returns ids that are to
# be put into the queue.
_FEED = """
local batch = redis.call('HMGET', KEYS[1], 'cancel', 'owner', 'at_once')
if batch[1] or not batch[2] then return {} end
local active = ARGV[4] .. batch[2] .. ':active'
local free, fed = ARGV[1] - redis.call('SCARD', KEYS[3]), {}
if batch[3] then free = math.min(free, batch[3] - redis.call('SCARD', active)) end
while free > 0 do
  local id = redis.call('LPOP', KEYS[2])
  if not id then break end
  local job = ARGV[3] .. id
  if redis.call('HGET', job, 'status') == 'queued' then
    redis.call('HDEL', job, 'held')
    redis.call('HSET', job, 'queued_at', ARGV[2])
    redis.call('SADD', KEYS[3], id)
    redis.call('SADD', active, id)
    redis.call('ZADD', KEYS[4], ARGV[2], id)
    table.insert(fed, id)
    free = free - 1
  end
end
return fed
"""


class BatchStatus(StrEnum):
    """How far a batch is. Edits of a completed one may have failed: see its counts."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Batch(ContractModel):
    """Many edits with one status. `counts` tells how many of them are in each state of a job."""

    id: str
    status: BatchStatus
    total: int
    counts: dict[str, int]
    created_at: datetime
    finished_at: datetime | None = None
    jobs_url: str
    metadata: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class BatchLoad:
    """What the unfinished batches have before them.

    Attributes:
        batches: how many have not ended.
        held: edits that wait outside of the queue.
        under_way: edits in the queue or running.
    """

    batches: int
    held: int
    under_way: int


class BatchStore:
    """All batches of one Redis."""

    def __init__(
        self, client: "redis.Redis", store: JobStore, queue: JobQueue, presence: Presence, settings: Settings
    ) -> None:
        self._redis, self._store, self._queue = client, store, queue
        self._presence, self._settings = presence, settings
        self._router = Router(presence)
        self._feed = client.register_script(_FEED)

    def create(
        self,
        requests: Sequence[EditRequest],
        owner: str,
        metadata: Mapping[str, str],
        chosen_key: str | None = None,
        terms: Terms = ORDINARY,
    ) -> Batch:
        """Record a batch and its jobs, all at once, and put the first of them into the queue.

        Args:
            requests: the edits.
            owner: whose they are.
            metadata: of the batch.
            chosen_key: the owner's idempotency key; the same one gives the batch that it made before.
            terms: of the owner, as they hold for the whole batch.

        Raises:
            IdempotencyConflictError: the key was used for other edits.
            QueueNotServedError, BundleNotServedError, UnknownBundleError: no worker would take one of them.
        """
        batch_id, now = (
            self._name(requests, owner, metadata, chosen_key, terms.retention_s or self._settings.job_ttl_s),
            redis_time(self._redis),
        )
        if self._redis.exists(batch_key(batch_id)):
            return self.owned(batch_id, owner)
        ids = [uuid.uuid4().hex for _ in requests]
        # All edits that name no bundle get the same one: what belongs together is made alike.
        bundles = {request.bundle for request in requests}
        lanes = {bundle: self._router.lane(QueueName.BATCH, bundle, drawn_by=batch_id) for bundle in bundles}
        with self._redis.pipeline() as pipe:
            for place, (job_id, request) in enumerate(zip(ids, requests, strict=True)):
                created = now - (len(ids) - place) * 1e-6  # in their order, wherever they are listed
                fields = new_job_fields(request, owner, created, lane=lanes[request.bundle], terms=terms)
                fields |= {"batch": batch_id, "held": 1}
                pipe.hset(job_key(job_id), items=flat(fields))
                pipe.zadd(jobs_of(owner), {job_id: created})
            life = int(self._settings.longest_life_s + (terms.retention_s or 0))
            pipe.sadd(batches_of(owner), batch_id)
            for index in (jobs_of(owner), batches_of(owner)):
                pipe.expire(index, life)
            pipe.rpush(_jobs(batch_id), *ids)
            pipe.rpush(_held(batch_id), *ids)
            fields = {"owner": owner, "total": len(ids), "created_at": now, "metadata": json.dumps(dict(metadata))}
            if terms.jobs_at_once:
                fields["at_once"] = terms.jobs_at_once
            pipe.hset(batch_key(batch_id), items=flat(fields | {JobStatus.QUEUED: len(ids)}))
            pipe.zadd(BATCHES, {batch_id: now})
            pipe.execute()
        self.feed(batch_id)
        return self.owned(batch_id, owner)

    def _name(
        self,
        requests: Sequence[EditRequest],
        owner: str,
        metadata: Mapping[str, str],
        chosen_key: str | None,
        life_s: int,
    ) -> str:
        """A new id, or that of the batch that the same key made before, or was about to make."""
        batch_id = uuid.uuid4().hex
        if chosen_key is None:
            return batch_id
        body = json.dumps([[request.model_dump_json() for request in requests], dict(metadata)])
        fingerprint = hashlib.sha256(body.encode()).hexdigest()
        name = idempotency_name("batch", owner, chosen_key)
        self._redis.set(name, f"{batch_id}:{fingerprint}", nx=True, ex=life_s)
        found, _, known = cast(bytes, self._redis.get(name)).decode().partition(":")
        if known != fingerprint:
            raise IdempotencyConflictError(
                "This Idempotency-Key came with other edits before; repeat those or use a new key."
            )
        return found

    def owned(self, batch_id: str, owner: str) -> Batch:
        """Read a batch for its owner. Raises UnknownBatchError when there is none, or it is another's."""
        raw = cast(dict[bytes, bytes], self._redis.hgetall(batch_key(cut(batch_id, ID_LENGTH))))
        field = {name.decode(): value.decode() for name, value in raw.items()}
        if field.get("owner") != owner:
            raise UnknownBatchError(f"There is no batch {cut(batch_id, ID_LENGTH)}; it may have expired.")
        counts = {status.value: int(field.get(status, 0)) for status in JobStatus}
        return Batch(
            id=batch_id,
            status=_status(counts, cancelled="cancel" in field),
            total=int(field["total"]),
            counts=counts,
            created_at=moment(field["created_at"]),
            finished_at=moment(field["finished_at"]) if "finished_at" in field else None,
            jobs_url=f"/batches/{batch_id}/jobs",
            metadata=json.loads(field["metadata"]),
        )

    def jobs(self, batch_id: str, first: int, count: int) -> list[JobRecord]:
        """Some of a batch's jobs, in its order; none beyond its end."""
        ids = cast(list[bytes], self._redis.lrange(_jobs(batch_id), first, first + count - 1))
        return self._store.get_all(job_id.decode() for job_id in ids)

    def cancel(self, batch_id: str) -> None:
        """Cancel all of a batch's jobs that have not ended."""
        self._redis.hset(batch_key(batch_id), "cancel", 1)
        for job_id in cast(list[bytes], self._redis.lrange(_jobs(batch_id), 0, -1)):
            cancel_job(self._store, self._queue, job_id.decode())

    def feed(self, batch_id: str) -> None:
        """Put as many of a batch's jobs into the queue as keep the workers busy."""
        most = _PER_WORKER * max(1, len(self._presence.workers()))
        ids = cast(
            list[bytes],
            self._feed(
                keys=[batch_key(batch_id), _held(batch_id), _under_way(batch_id), ACTIVE],
                args=[most, redis_time(self._redis), job_key(""), OWNERS],
            ),
        )
        # Whoever dies before it has put them into the queue leaves that to a reaper.
        for record in self._store.get_all(job_id.decode() for job_id in ids):
            self._queue.enqueue(record)

    def feed_all(self) -> None:
        """Feed every batch, in case that whoever ended a job died before it fed the next one."""
        for batch_id in self.unfinished():
            self.feed(batch_id)

    def ensure_room(self, owner: str, most: int) -> None:
        """Raise QueueFullError where there are `most` unfinished batches, and the owner has its fraction of them."""
        with self._redis.pipeline(transaction=False) as pipe:
            for batch_id in self.unfinished():
                pipe.hget(batch_key(batch_id), "owner")
            owners = [found.decode() for found in pipe.execute() if found]
        if not has_room(owners, owner, most):
            raise QueueFullError(f"{len(owners)} batches are under way already; try again when one of yours has ended.")

    def load(self) -> BatchLoad:
        """What is left of all batches."""
        unfinished = self.unfinished()
        with self._redis.pipeline(transaction=False) as pipe:
            for batch_id in unfinished:
                pipe.llen(_held(batch_id))
                pipe.scard(_under_way(batch_id))
            counts = cast(list[int], pipe.execute())
        return BatchLoad(batches=len(unfinished), held=sum(counts[::2]), under_way=sum(counts[1::2]))

    def unfinished(self) -> list[str]:
        """Ids of the batches that have not ended, oldest first."""
        return [found.decode() for found in cast(list[bytes], self._redis.zrange(BATCHES, 0, -1))]


def _status(counts: Mapping[str, int], *, cancelled: bool) -> BatchStatus:
    left = counts[JobStatus.QUEUED] + counts[JobStatus.RUNNING]
    if not left:
        return BatchStatus.CANCELLED if cancelled and counts[JobStatus.CANCELLED] else BatchStatus.COMPLETED
    return BatchStatus.QUEUED if counts[JobStatus.QUEUED] == sum(counts.values()) else BatchStatus.RUNNING


def _jobs(batch_id: str) -> str:
    return batch_key(batch_id) + JOBS_PART


def _held(batch_id: str) -> str:
    return batch_key(batch_id) + HELD_PART


def _under_way(batch_id: str) -> str:
    return batch_key(batch_id) + UNDER_WAY_PART
