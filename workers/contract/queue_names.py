"""The queues that jobs wait in. Each has a lane beside it for every bundle that gets jobs of its own."""

from collections.abc import Iterable
from enum import StrEnum


class QueueName(StrEnum):
    """One queue; they stand in the order in which workers empty them, unless a setting says otherwise."""

    INTERACTIVE = "interactive"
    BATCH = "batch"

    @classmethod
    def of(cls, *, long: bool) -> "QueueName":
        """Where a job waits: those that take minutes do not stand before those that somebody waits for."""
        return cls.BATCH if long else cls.INTERACTIVE


def lane_name(queue: QueueName, lane: str | None) -> str:
    """The name of a queue for jobs of one bundle alone, whose digest is the lane; of the common queue without one."""
    return queue.value if lane is None else f"{queue}@{lane}"


def queue_of_lane(name: str) -> QueueName | None:
    """The queue that has a lane of this name; None for a queue itself, and for any other name."""
    queue, at, _ = name.partition("@")
    return QueueName(queue) if at and queue in list(QueueName) else None


def lanes_of_worker(queues: Iterable[QueueName], digest: str, *, common: bool) -> list[str]:
    """The names of what a worker with a bundle takes jobs from, first those that only its like can do.

    Args:
        queues: that it takes.
        digest: of its bundle.
        common: whether it takes jobs that are for no bundle in particular, too.
    """
    return [lane_name(queue, lane) for queue in queues for lane in (digest, None) if common or lane is not None]
