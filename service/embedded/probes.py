"""Waiting for the processes of the stack to answer."""

import asyncio
import urllib.error
import urllib.request

import redis
import redis.asyncio

POLL_S = 0.2


async def redis_answers(url: str) -> None:
    """Return once the Redis at `url` answers."""
    async with redis.asyncio.Redis.from_url(url) as client:
        while True:
            try:
                await client.ping()
            except (redis.ConnectionError, redis.TimeoutError):  # not there yet, or still loading its data
                await asyncio.sleep(POLL_S)
            else:
                return


async def api_ready(url: str) -> None:
    """Return once the API at `url` says that it and a worker are ready."""
    while not await asyncio.to_thread(_ready, url):  # noqa: ASYNC110 -- another process, so no event to wait for
        await asyncio.sleep(POLL_S)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):  # nobody listens yet, or 503
        return False
