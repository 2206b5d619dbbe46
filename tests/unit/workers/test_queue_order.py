"""Whose turn it is: the first queue's, but not for ever."""

from __future__ import annotations

from workers.queue_order import IN_A_ROW, QueueOrder

NAMES = ["interactive@d1", "interactive", "batch@d1", "batch"]


def order(queues: QueueOrder, names: list[str] = NAMES) -> list[str]:
    return sorted(names, key=queues.place)


def test_the_order_is_that_of_the_setting() -> None:
    queues = QueueOrder(NAMES)
    assert order(queues) == NAMES
    queues.count("batch")
    queues.count("interactive")
    assert order(queues) == NAMES


def test_the_last_queue_comes_first_once_when_it_was_passed_by_often() -> None:
    queues = QueueOrder(NAMES)
    for number in range(IN_A_ROW):
        assert order(queues) == NAMES, number
        queues.count(NAMES[number % 2])
    assert order(queues) == ["batch@d1", "batch", "interactive@d1", "interactive"]
    queues.count("interactive")
    assert order(queues)[0] == "batch@d1", "nothing waited there then"
    queues.count("batch@d1")
    assert order(queues) == NAMES


def test_one_queue_stays_as_it_is() -> None:
    queues = QueueOrder(["batch"])
    for _ in range(2 * IN_A_ROW):
        queues.count("batch")
    assert order(queues, ["batch"]) == ["batch"]
