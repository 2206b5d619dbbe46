"""How long a worker insists on writing down how a job ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest.mock import Mock

import pytest
import redis

from workers.attempt import Deadline
from workers.contract.settings import Settings
from workers.runner import Runner


def runner(deadline: Deadline) -> Runner:
    """A runner without a job: what it writes with is given to it."""
    return Runner(
        name="me",
        tasks={},
        store=Mock(),
        queue=Mock(),
        blobs=Mock(),
        previews=Mock(),
        waits=Mock(),
        batches=Mock(),
        bundle=Mock(),
        heartbeat=Mock(),
        deadline=deadline,
        settings=Settings(),
    )


def failing(times: int) -> Callable[[], str]:
    """Writes to a Redis that is away for so many attempts."""
    left = iter(range(times))

    def write() -> str:
        if next(left, None) is not None:
            raise redis.ConnectionError("away")
        return "written"

    return write


def test_a_worker_waits_for_redis() -> None:
    assert runner(Deadline(5))._with_retries(failing(2)) == "written"


def test_a_worker_that_is_to_stop_does_not_wait_for_a_redis_that_stops_as_well() -> None:
    deadline = Deadline(0)
    deadline.start()
    time.sleep(0.01)
    with pytest.raises(redis.ConnectionError):
        runner(deadline)._with_retries(failing(2))
    assert runner(deadline)._with_retries(failing(0)) == "written", "but it tries"
