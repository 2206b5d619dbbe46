"""What was erased lately: workers read it, and let go of what they keep in memory of it."""

from typing import NamedTuple, cast

import redis

from workers.contract.keys import key
from workers.contract.redis_time import redis_time

_NOTICES = key("erased")
_LIFE_S = 120.0
_EVERYTHING = "*"


class ErasureNotice(NamedTuple):
    """Whose, and which source; None for all of them."""

    owner: str
    source_id: str | None


class ErasureNotices:
    """The notices of one Redis. Each lives for two minutes: a job that was under way may read a source once more."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def write(self, owner: str, source_id: str | None = None) -> None:
        """Say that a source, or everything, of an owner's was erased."""
        now = redis_time(self._redis)
        with self._redis.pipeline() as pipe:
            pipe.zadd(_NOTICES, {f"{owner}:{source_id or _EVERYTHING}": now})
            pipe.zremrangebyscore(_NOTICES, "-inf", now - _LIFE_S)
            pipe.expire(_NOTICES, int(_LIFE_S))
            pipe.execute()

    def recent(self) -> list[ErasureNotice]:
        """All that still live."""
        found = cast(list[bytes], self._redis.zrangebyscore(_NOTICES, redis_time(self._redis) - _LIFE_S, "+inf"))
        pairs = (member.decode().rpartition(":") for member in found)
        return [ErasureNotice(owner, None if what == _EVERYTHING else what) for owner, _, what in pairs]
