"""The RQ queues: job ids only, as JSON, enqueued by dotted name so that the API needs no worker code."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from workers.contract.errors import QueueFullError
from workers.contract.jobs import JobRecord
from workers.contract.queue_names import QueueName, lane_name, queue_of_lane
from workers.contract.room import has_room
from workers.contract.settings import Settings

TASK = "workers.tasks.run"

# KEYS: queue. ARGV: the entry that was put at its end, its owner. Owners take turns: the n-th job of each comes before
# the n + 1st of any, so that whoever has many does not make those wait who have few.
_ADVANCE = """
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then return 0 end
local seen, places = {}, redis.call('LRANGE', KEYS[1], 0, -1)
for place, entry in ipairs(places) do
  local owner = string.match(entry, '^(.*)_') or ''
  seen[owner] = (seen[owner] or 0) + 1
  places[place] = seen[owner]
end
local own, before = (seen[ARGV[2]] or 0) + 1, 0
for place, turn in ipairs(places) do
  if turn <= own then before = place end
end
if before == 0 then
  redis.call('LPUSH', KEYS[1], ARGV[1])
else
  redis.call('LINSERT', KEYS[1], 'AFTER', redis.call('LINDEX', KEYS[1], before - 1), ARGV[1])
end
return 1
"""


class _Entry(NamedTuple):
    owner: str
    job_id: str
    attempt: int


class JobQueue:
    """Enqueues jobs and removes them again.

    Args:
        client: a Redis client that returns bytes (`connect`).
        settings: for the job timeout and the most jobs that may wait.
    """

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._settings = settings
        self._redis = client
        self._advance = client.register_script(_ADVANCE)

    def waiting(self) -> int:
        """How many jobs wait."""
        return sum(self.lengths().values())

    def ensure_room(self, owner: str) -> None:
        """Raise QueueFullError when as many jobs wait as the settings allow, and the owner has its fraction of them."""
        waiting = self.waiting()
        if waiting >= self._settings.max_queued and not has_room(self._owners(), owner, self._settings.max_queued):
            raise QueueFullError(f"{waiting} jobs are waiting already; try again in a few seconds.")

    def lengths(self) -> dict[QueueName, int]:
        """How many jobs wait in each queue."""
        return {name: sum(queue.count for queue in lanes) for name, lanes in self._lanes().items()}

    def first(self, count: int) -> dict[QueueName, list[str]]:
        """Ids of the jobs of each queue that come next, `count` at most of each lane."""
        waiting = {
            name: [entry for queue in lanes for entry in queue.get_job_ids(0, count)]
            for name, lanes in self._lanes().items()
        }
        return {name: [_parsed(entry).job_id for entry in entries] for name, entries in waiting.items()}

    def enqueue(self, record: JobRecord) -> None:
        """Enqueue a job, at its place among those of other owners.

        One that is enqueued twice runs once: its second copy finds it claimed.
        """
        queue, again = self._queue(record), record.attempt > 1
        queue.enqueue_call(
            TASK,
            args=(record.job.id, record.attempt),
            job_id=_entry(record),
            timeout=math.ceil(self._settings.timeout_of(long=record.request.long) + self._settings.hang_grace_s),
            # The job store keeps results and errors; RQ's own records only have to bridge the hand-over.
            result_ttl=0,
            failure_ttl=600,
            description=f"{record.job.kind} {record.job.id}",
            at_front=again,
        )
        if not again:  # who dies before this has not lost the job, only its place
            self._advance(keys=[queue.key], args=[_entry(record), record.owner])

    def ahead(self, record: JobRecord) -> dict[QueueName, int] | None:
        """How many jobs workers take before this one, by queue; None when it is in no queue."""
        own = QueueName.of(long=record.long)
        position = self._queue(record).get_job_position(_entry(record))
        if position is None:
            return None
        names = list(QueueName)
        before = {name: self._lane(lane_name(name, record.lane)).count for name in names[: names.index(own)]}
        return before | {own: position}

    def remove(self, record: JobRecord) -> None:
        """Remove a job, so that the length of the queue stays right after a cancellation, and RQ's record of it.

        The record of one that a worker has taken is the worker's to delete.
        """
        entry = _entry(record)
        if self._redis.lrem(self._queue(record).key, 1, entry):
            self._redis.delete(Job.key_for(entry))

    def entries(self) -> set[tuple[str, int]]:
        """(job id, attempt) of everything that waits."""
        return {(entry.job_id, entry.attempt) for entry in self._entries()}

    def _owners(self) -> Iterator[str]:
        return (entry.owner for entry in self._entries())

    def _entries(self) -> Iterator[_Entry]:
        return (_parsed(entry) for lanes in self._lanes().values() for queue in lanes for entry in queue.get_job_ids())

    def _queue(self, record: JobRecord) -> Queue:
        return self._lane(lane_name(QueueName.of(long=record.long), record.lane))

    def _lane(self, name: str) -> Queue:
        return Queue(name, connection=self._redis, serializer=JSONSerializer)

    def _lanes(self) -> dict[QueueName, list[Queue]]:
        """Every queue with the lanes that it ever had, the common one first."""
        names = {queue.name for queue in Queue.all(self._redis, serializer=JSONSerializer)}
        return {
            queue: [self._lane(queue), *map(self._lane, sorted(name for name in names if queue_of_lane(name) is queue))]
            for queue in QueueName
        }


def _entry(record: JobRecord) -> str:
    """What stands in the queue: RQ's id of a job, which may hold letters, digits, - and _. Owners have no _."""
    return f"{record.owner}_{record.job.id}-{record.attempt}"


def _parsed(entry: str) -> _Entry:
    owner, _, rest = entry.rpartition("_")
    job_id, _, attempt = rest.rpartition("-")
    return _Entry(owner, job_id, int(attempt))
