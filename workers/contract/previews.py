"""Pictures that somebody waits for: handed over through Redis, which is faster than the blob store, and read once."""

from typing import cast

import redis
import redis.asyncio

from workers.contract.keys import key

_LIFE_S = 30


class Previews:
    """Where workers leave pictures.

    Args:
        client: a blocking Redis client.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def put(self, name: str, picture: bytes) -> None:
        """Leave a picture under a name of its own."""
        self._redis.set(_key(name), picture, ex=_LIFE_S)

    def drop(self, name: str) -> None:
        """Take a picture away that nobody will read."""
        self._redis.delete(_key(name))


async def take_preview(client: "redis.asyncio.Redis", name: str) -> bytes | None:
    """Read a picture, which is then gone; None when it is no longer there."""
    return cast(bytes | None, await client.getdel(_key(name)))


def _key(name: str) -> str:
    return key("preview", name)
