"""The RQ queues: job ids only, as JSON, enqueued by dotted name so that the API needs no worker code."""

import math

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from workers.contract.errors import QueueFullError
from workers.contract.jobs import JobRecord
from workers.contract.queue_names import QueueName, lane_name, queue_of_lane
from workers.contract.settings import Settings

TASK = "workers.tasks.run"


class JobQueue:
    """Enqueues jobs and removes them again.

    Args:
        client: a Redis client that returns bytes (`connect`).
        settings: for the job timeout and the most jobs that may wait.
    """

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._settings = settings
        self._redis = client

    def ensure_room(self) -> None:
        """Raise QueueFullError when as many jobs wait as the settings allow."""
        waiting = self.waiting()
        if waiting >= self._settings.max_queued:
            raise QueueFullError(f"{waiting} jobs are waiting already; try again in a few seconds.")

    def waiting(self) -> int:
        """How many jobs wait."""
        return sum(self.lengths().values())

    def lengths(self) -> dict[QueueName, int]:
        """How many jobs wait in each queue."""
        return {name: sum(queue.count for queue in lanes) for name, lanes in self._lanes().items()}

    def first(self, count: int) -> dict[QueueName, list[str]]:
        """Ids of the jobs of each queue that come next, `count` at most of each lane."""
        waiting = {
            name: [entry for queue in lanes for entry in queue.get_job_ids(0, count)]
            for name, lanes in self._lanes().items()
        }
        return {name: [entry.rpartition("-")[0] for entry in entries] for name, entries in waiting.items()}

    def enqueue(self, record: JobRecord) -> None:
        """Enqueue a job. A job that is enqueued twice runs once: its second copy finds it claimed."""
        self._queue(record).enqueue_call(
            TASK,
            args=(record.job.id, record.attempt),
            job_id=_entry(record),
            timeout=math.ceil(self._settings.timeout_of(long=record.request.long) + self._settings.hang_grace_s),
            # The job store keeps results and errors; RQ's own records only have to bridge the hand-over.
            result_ttl=0,
            failure_ttl=600,
            description=f"{record.job.kind} {record.job.id}",
            at_front=record.attempt > 1,
        )

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
        """Remove a job, so that the length of the queue stays right after a cancellation."""
        self._queue(record).remove(_entry(record))

    def entries(self) -> set[tuple[str, int]]:
        """(job id, attempt) of everything that waits."""
        ids = [entry for lanes in self._lanes().values() for queue in lanes for entry in queue.get_job_ids()]
        return {(job_id, int(attempt)) for job_id, _, attempt in (entry.rpartition("-") for entry in ids)}

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
    return f"{record.job.id}-{record.attempt}"
