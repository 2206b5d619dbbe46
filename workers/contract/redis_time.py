"""One clock for all processes: Redis'.

Moments that one process writes and another compares come from here: a machine whose own clock is wrong, or is set while
jobs wait, would end jobs of others as overdue and delete results before their time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import redis

_TRUSTED_S = 10.0
"""Seconds for which the monotonic clock carries on what Redis last said."""

_ahead: WeakKeyDictionary[redis.Redis, tuple[float, float]] = WeakKeyDictionary()
"""Of each client: when it last said so (monotonic), and how far Redis is ahead of the monotonic clock."""


def redis_time(client: redis.Redis) -> float:
    """Seconds since 1970 by the clock of a client's Redis. Raises what the client raises."""
    monotonic = time.monotonic()
    last, ahead = _ahead.get(client, (-_TRUSTED_S, 0.0))
    if monotonic - last >= _TRUSTED_S:
        seconds, microseconds = client.time()
        ahead = seconds + microseconds / 1e6 - time.monotonic()
        _ahead[client] = (monotonic, ahead)
    return time.monotonic() + ahead
