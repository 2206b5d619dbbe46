"""How long a job is likely to wait: its place in the queue, and how long jobs of that queue have taken lately."""

from typing import cast

import redis

from workers.contract.jobs import JobRecord, JobStatus, QueuePlace
from workers.contract.keys import key
from workers.contract.presence import Presence, WorkerState
from workers.contract.queue import JobQueue
from workers.contract.queue_names import QueueName

_DURATIONS = key("durations")
_NEWEST_WEIGHT = 0.2  # of the last job in the mean: five or so count


class Waits:
    """Knows how long jobs take, and tells waiting ones their place."""

    def __init__(self, client: "redis.Redis", queue: JobQueue, presence: Presence) -> None:
        self._redis, self._queue, self._presence = client, queue, presence

    def note(self, record: JobRecord, seconds: float) -> None:
        """Remember how long a job ran. Of two workers that do so at the same time one may be lost: it is a mean."""
        name = QueueName.of(long=record.long)
        before = self._means().get(name)
        mean = seconds if before is None else before + _NEWEST_WEIGHT * (seconds - before)
        self._redis.hset(_DURATIONS, name, round(mean, 4))

    def place(self, record: JobRecord) -> QueuePlace | None:
        """Where a job waits; None when it waits in no queue (any more)."""
        if record.job.status is not JobStatus.QUEUED:
            return None
        ahead = self._queue.ahead(record)
        if ahead is None:
            return None
        return QueuePlace(position=sum(ahead.values()) + 1, estimated_wait_s=self._estimate(record, ahead))

    def placed(self, record: JobRecord) -> JobRecord:
        """The record with its place, while it waits."""
        place = self.place(record)
        if place is None:
            return record
        return record.model_copy(update={"job": record.job.model_copy(update={"queue": place})})

    def _estimate(self, record: JobRecord, ahead: dict[QueueName, int]) -> float | None:
        """Seconds; None where no worker takes the queue, or nothing is known of its jobs."""
        own, means = QueueName.of(long=record.long), self._means()
        workers = [
            worker
            for worker in self._presence.workers()
            if worker.takes(own, record.lane) and worker.state in (WorkerState.READY, WorkerState.BUSY)
        ]
        if not workers or any(name not in means for name, count in ahead.items() if count):
            return None
        seconds = sum(count * means.get(name, 0.0) for name, count in ahead.items())
        if all(worker.state is WorkerState.BUSY for worker in workers):
            seconds += means.get(own, 0.0) / 2  # until the first of them is free, about
        return round(seconds / len(workers), 2)

    def _means(self) -> dict[QueueName, float]:
        raw = cast(dict[bytes, bytes], self._redis.hgetall(_DURATIONS))
        return {QueueName(name.decode()): float(value) for name, value in raw.items()}
