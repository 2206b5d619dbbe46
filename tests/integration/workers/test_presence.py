"""Which workers are alive, as Redis knows it."""

from collections.abc import Iterator

import pytest
import redis

from workers.contract.keys import key
from workers.contract.presence import Presence, WorkerPresence, WorkerState

pytestmark = pytest.mark.integration


@pytest.fixture
def readable(client: redis.Redis) -> Iterator[redis.Redis]:
    """A client of a Redis that takes writes only until the test asks for a replica, which it has none of."""
    yield client
    client.config_set("min-replicas-to-write", 0)


def test_a_dead_worker_that_cannot_be_forgotten_is_left_out(readable: redis.Redis) -> None:
    presence = Presence(readable)
    presence.announce(WorkerPresence(name="alive", state=WorkerState.READY), 60)
    readable.sadd(key("workers"), "dead")
    readable.config_set("min-replicas-to-write", 1)
    with pytest.raises(redis.ResponseError, match="NOREPLICAS"):
        presence.probe()
    assert [worker.name for worker in presence.workers()] == ["alive"]
    readable.config_set("min-replicas-to-write", 0)
    presence.workers()
    assert readable.smembers(key("workers")) == {b"alive"}
