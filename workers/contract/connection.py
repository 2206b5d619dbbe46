"""Connections to Redis that survive its being away for a few seconds."""

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

# 0.05 + 0.1 + 0.2 + ... capped at 1 s: about five seconds of patience before a command fails.
_RETRIES = 9


# What Redis says when its append-only file, its snapshot or its memory has no room; a script's error quotes it.
_FULL_MESSAGES = ("MISCONF ", "OOM command")


def cannot_write(error: Exception) -> bool:
    """Whether Redis answers, but takes no writes, since its disk or memory is full."""
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return True
    return isinstance(error, redis.ResponseError) and any(words in str(error) for words in _FULL_MESSAGES)


def connect(url: str, retries: int = _RETRIES) -> "redis.Redis":
    """A client for blocking use; commands are retried for some five seconds before ConnectionError is raised.

    Args:
        url: of the Redis.
        retries: fewer for callers that would rather fail fast.
    """
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), retries),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
    )


def connect_async(url: str) -> "redis.asyncio.Redis":
    """A client for asyncio; fails fast, since a waiting client deserves its 503 at once."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=15,
        retry=AsyncRetry(ExponentialBackoff(1.0, 0.05), 2),
    )
