"""Calls back that are due: written down with the change of the job that they tell, kept until they are delivered."""

from typing import NamedTuple, cast

import redis

from workers.contract.jobs import Delivery
from workers.contract.records import CALLBACKS_DUE, DELIVERY_FIELD, job_key
from workers.contract.redis_time import redis_time

# KEYS: due. ARGV: now, until when whoever takes one has it to himself.
_CLAIM = """
local first = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)
if not first[1] then return false end
redis.call('ZADD', KEYS[1], ARGV[2], first[1])
return first[1]
"""

# KEYS: due, job. ARGV: member, field, delivery, when next or ''. A job that has gone is not brought back.
_REPORT = """
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end
if ARGV[4] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1]) end
"""


class DueCallback(NamedTuple):
    """A job's event that is to be told."""

    job_id: str
    event: str


class CallbackQueue:
    """Takes calls back that are due. Who takes one and dies leaves it to the next after a while."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self._claim = client.register_script(_CLAIM)
        self._report = client.register_script(_REPORT)

    def claim(self, lease_s: float) -> DueCallback | None:
        """Take one that is due; nobody else gets it for `lease_s` seconds. None when there is none."""
        now = redis_time(self._redis)
        member = cast(bytes | None, self._claim(keys=[CALLBACKS_DUE], args=[now, now + lease_s]))
        if member is None:
            return None
        job_id, _, event = member.decode().rpartition(":")
        return DueCallback(job_id, event)

    def report(self, due: DueCallback, delivery: Delivery) -> None:
        """Write down how a delivery went, and when it is tried again, if it is."""
        member = f"{due.job_id}:{due.event}"
        again = "" if delivery.next_at is None else delivery.next_at.timestamp()
        field = f"{DELIVERY_FIELD}{due.event}:{delivery.attempt}"
        self._report(keys=[CALLBACKS_DUE, job_key(due.job_id)], args=[member, field, delivery.model_dump_json(), again])

    def drop(self, due: DueCallback) -> None:
        """Forget one whose job has gone."""
        self._redis.zrem(CALLBACKS_DUE, f"{due.job_id}:{due.event}")
