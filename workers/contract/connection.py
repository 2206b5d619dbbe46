"""Connections to Redis that survive its being away, or moving to another machine, for a few seconds."""

from typing import Any, cast

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from workers.contract.sentinel import SentinelAddress

# 0.05 + 0.1 + 0.2 + ... capped at 1 s: about five seconds of patience before a command fails.
_RETRIES = 9
_CONNECT_S = 2

_OPTIONS: dict[str, Any] = {"socket_connect_timeout": _CONNECT_S, "socket_timeout": 10, "health_check_interval": 15}
_SENTINEL_OPTIONS: dict[str, Any] = {"socket_connect_timeout": _CONNECT_S, "socket_timeout": _CONNECT_S}

# What Redis says when its append-only file, its snapshot or its memory has no room; a script's error quotes it.
_FULL_MESSAGES = ("MISCONF ", "OOM command")
# What it says while it may not write: it has too few replicas (`min-replicas-to-write`), or has just become one.
_PASSING_MESSAGES = ("NOREPLICAS ", "READONLY ")


def cannot_write(error: Exception) -> bool:
    """Whether Redis answers, but takes no writes, since its disk or memory is full."""
    return isinstance(error, redis.exceptions.OutOfMemoryError) or _says(error, _FULL_MESSAGES)


def is_failing_over(error: Exception) -> bool:
    """Whether Redis answers, but takes no writes until its replicas are back or another has taken its place."""
    return isinstance(error, redis.exceptions.ReadOnlyError) or _says(error, _PASSING_MESSAGES)


def _says(error: Exception, messages: tuple[str, ...]) -> bool:
    return isinstance(error, redis.ResponseError) and any(words in str(error) for words in messages)


def connect(url: str, retries: int = _RETRIES) -> "redis.Redis":
    """A client for blocking use; commands are retried for some five seconds before ConnectionError is raised.

    Args:
        url: of the Redis: redis://, rediss:// (TLS), unix://, or redis+sentinel:// and rediss+sentinel://.
        retries: fewer for callers that would rather fail fast.
    """
    options = _OPTIONS | {
        "retry": Retry(ExponentialBackoff(cap=1.0, base=0.05), retries),
        "retry_on_error": [redis.ConnectionError, redis.TimeoutError],
    }
    address = SentinelAddress.parse(url)
    if address is None:
        return redis.Redis.from_url(url, **options)
    watched = Sentinel(
        address.sentinels, sentinel_kwargs=_SENTINEL_OPTIONS | address.sentinel_options, **options | address.options
    )
    return cast(redis.Redis, watched.master_for(address.service))


def connect_async(url: str) -> "redis.asyncio.Redis":
    """A client for asyncio; fails fast, since a waiting client deserves its 503 at once."""
    options = _OPTIONS | {"retry": AsyncRetry(ExponentialBackoff(1.0, 0.05), 2)}
    address = SentinelAddress.parse(url)
    if address is None:
        return redis.asyncio.Redis.from_url(url, **options)
    watched = AsyncSentinel(
        address.sentinels, sentinel_kwargs=_SENTINEL_OPTIONS | address.sentinel_options, **options | address.options
    )
    return cast(redis.asyncio.Redis, watched.master_for(address.service))
