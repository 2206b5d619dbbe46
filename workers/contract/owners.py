"""Whose a job or a source is. Owners never meet: what is another's does not exist."""

import hashlib

ANONYMOUS = "anonymous"
"""The one owner of everything where the service requires no API key."""


def owner_of(api_key: str) -> str:
    """The owner that an API key stands for: a digest, so that no key lies in Redis, in paths or in logs."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]
