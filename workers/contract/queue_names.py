"""The queues that jobs wait in."""

from enum import StrEnum


class QueueName(StrEnum):
    """One queue; they stand in the order in which workers empty them, unless a setting says otherwise."""

    INTERACTIVE = "interactive"
    BATCH = "batch"

    @classmethod
    def of(cls, *, long: bool) -> "QueueName":
        """Where a job waits: those that take minutes do not stand before those that somebody waits for."""
        return cls.BATCH if long else cls.INTERACTIVE
