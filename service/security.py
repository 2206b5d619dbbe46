"""Who may call: API keys and a simple rate limit, both off unless configured."""

import hashlib
import secrets
import time
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.backend import Backend, BackendDep
from service.errors import KeyMissingError, KeyRejectedError, RateLimitedError

WINDOW_S = 60

_bearer = HTTPBearer(auto_error=False, description="Asked for only when the service is configured with keys.")


async def require_key(
    request: Request,
    backend: BackendDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> str:
    """Name of the calling client: a digest of its key, or its address where no keys are configured.

    Raises:
        KeyMissingError, KeyRejectedError: keys are configured and the request brings none, or a wrong one.
    """
    keys = backend.settings.api_keys
    if not keys:
        return request.client.host if request.client else "local"
    if credentials is None:
        raise KeyMissingError("Send your API key in the header `Authorization: Bearer KEY`.")
    given = credentials.credentials.encode()
    # Every key is compared, each in constant time, so that the time taken tells nothing about them.
    matches = [secrets.compare_digest(given, key.get_secret_value().encode()) for key in keys]
    if not any(matches):
        raise KeyRejectedError("This API key is not known here; check it for typing errors, or ask for a new one.")
    return hashlib.sha256(given).hexdigest()[:16]


Client = Annotated[str, Depends(require_key)]


def limit_rate(client: Client, backend: BackendDep) -> None:
    """Count a request that uploads or starts work against the client's minute.

    Raises:
        RateLimitedError: with the seconds until the next minute as Retry-After.
    """
    limit = backend.settings.rate_limit
    if limit and _count(backend, client) > limit:
        left = WINDOW_S - int(time.time()) % WINDOW_S
        raise RateLimitedError(f"{limit} requests a minute are allowed; wait {left} s.", retry_after=left)


def _count(backend: Backend, client: str) -> int:
    key = f"portrait:rate:{client}:{int(time.time()) // WINDOW_S}"
    with backend.redis.pipeline() as pipe:
        pipe.incr(key)
        pipe.expire(key, 2 * WINDOW_S)
        count, _ = pipe.execute()
    return int(count)
