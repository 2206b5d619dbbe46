"""How many requests a minute: counted in Redis, so that all processes count together."""

import math
from dataclasses import dataclass
from typing import cast

import redis

from service.errors import RateLimitedError
from workers.contract.keys import key
from workers.contract.redis_time import redis_time

WINDOW_S = 60

# KEYS: when the client's allowance will be whole again. ARGV: now, seconds that a request uses up, the window.
# Returns whether the request is allowed, and how long from now that will be. The generic cell rate algorithm: a full
# allowance may be used at once, and comes back evenly, so no window's end lets twice as many through.
_TAKE = """
local now, cost, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if whole + cost - now > window + 0.001 then return {0, tostring(whole - now)} end
redis.call('SET', KEYS[1], string.format('%.6f', whole + cost), 'PX', math.ceil((whole + cost - now) * 1000))
return {1, tostring(whole + cost - now)}
"""


@dataclass(frozen=True)
class Allowance:
    """What a client may still send.

    Attributes:
        limit: requests a minute.
        used_s: seconds until all of them are free again.
    """

    limit: int
    used_s: float

    @property
    def left(self) -> int:
        """Requests that may be sent at once."""
        return max(0, math.floor((WINDOW_S - self.used_s) * self.limit / WINDOW_S + 1e-3))

    @property
    def next_s(self) -> int:
        """Seconds until the next one may be sent; 0 where it may be now."""
        return max(0, math.ceil(self.used_s + WINDOW_S / self.limit - WINDOW_S - 1e-3))

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them: what is allowed, and what is left of it."""
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"minute";r={self.left};t={math.ceil(self.used_s)}',
        }


class RateLimit:
    """Counts the requests of every client."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self._take = client.register_script(_TAKE)

    def take(self, client: str, limit: int) -> Allowance:
        """Count a request of a client that may send `limit` a minute, at least one.

        Raises:
            RateLimitedError: it has sent as many; with the seconds to wait as Retry-After.
        """
        allowed, used = cast(
            tuple[int, bytes],
            self._take(keys=[key("rate", client)], args=[redis_time(self._redis), WINDOW_S / limit, WINDOW_S]),
        )
        allowance = Allowance(limit, float(used))
        if not allowed:
            wait = max(1, allowance.next_s)
            raise RateLimitedError(
                f"{limit} requests a minute are allowed; wait {wait} s.",
                retry_after=wait,
                headers=allowance.headers(),
            )
        return allowance
