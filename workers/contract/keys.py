"""Names of Redis keys. All lie in one hash slot: scripts and transactions over several keys need it on a cluster."""

import os

_TAG = "{portrait}"


def key(*parts: str) -> str:
    """The name of a key or a channel, such as {portrait}:job:5f3a."""
    return ":".join((_TAG, *parts))


def tag_rq() -> None:
    """Have RQ name its keys {portrait}:rq:…; it reads the variable when it is imported, so this comes before."""
    os.environ.setdefault("RQ_KEY_PREFIX", key("rq"))
