"""In which order a worker looks into its queues: the first one first, but the later ones get their turn."""

from collections.abc import Sequence

from workers.contract.queue_names import QueueName, queue_of_lane

IN_A_ROW = 8
"""Jobs of earlier queues, one after the other, after which the later ones come first for one job. Without it, a queue
that never empties would hold the next one up for ever."""


class QueueOrder:
    """The queues of one worker, and how many jobs in a row it took from those that come first.

    Args:
        names: of the queues and of their lanes, in the order that the worker was given.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._last = _queue(self._names[-1])
        self._in_a_row = 0

    def count(self, name: str) -> None:
        """A job was taken from this one."""
        self._in_a_row = 0 if _queue(name) == self._last else self._in_a_row + 1

    def place(self, name: str) -> int:
        """When this one's turn is; the lowest comes first."""
        last_first = self._in_a_row >= IN_A_ROW and _queue(name) == self._last
        return self._names.index(name) - len(self._names) * last_first


def _queue(name: str) -> QueueName:
    """The queue itself, of a lane too."""
    return queue_of_lane(name) or QueueName(name)
