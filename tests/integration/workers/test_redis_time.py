"""The clock that all processes go by."""

import time

import pytest

from tests.integration.conftest import RedisServer
from workers.contract.connection import connect
from workers.contract.redis_time import redis_time

pytestmark = pytest.mark.integration


def test_a_machines_own_clock_does_not_count(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(redis_server.url) as client:
        monkeypatch.setattr(time, "time", lambda: 0.0)
        before = redis_time(client)
        seconds, microseconds = client.time()
        time.sleep(0.05)
        assert before == pytest.approx(seconds + microseconds / 1e6, abs=0.5)
        assert redis_time(client) >= before + 0.05


def test_redis_is_called_seldom(redis_server: RedisServer) -> None:
    with connect(redis_server.url) as client:
        client.config_resetstat()
        for _ in range(20):
            redis_time(client)
        assert client.info("commandstats")["cmdstat_time"]["calls"] == 1
