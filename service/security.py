"""Who may call: API keys and a simple rate limit, both off unless configured."""

import secrets
import time
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from service.backend import Backend, BackendDep
from service.errors import KeyMissingError, KeyRejectedError, RateLimitedError, SignatureRejectedError
from service.signed_urls import is_signed
from service.version import route_path
from workers.contract.keys import key
from workers.contract.logs import add_log_fields
from workers.contract.owners import ANONYMOUS, owner_of

WINDOW_S = 60

_bearer = HTTPBearer(auto_error=False, description="Asked for only when the service is configured with keys.")


async def require_key(
    request: Request,
    backend: BackendDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> str:
    """Who is calling, and so whose jobs and sources exist: the owner of the key, or the one of all who call without.

    A signed address stands for its owner's key.

    Raises:
        KeyMissingError, KeyRejectedError: keys are configured and the request brings none, or a wrong one.
        SignatureRejectedError: it brings a signature instead that is wrong or has expired.
    """
    if not backend.settings.api_keys:
        return ANONYMOUS
    if credentials is None and is_signed(request.url.query):
        return signer_of(request, backend)
    if credentials is None:
        raise KeyMissingError("Send your API key in the header `Authorization: Bearer KEY`.")
    return owner_of_key(backend, credentials.credentials)


def owner_of_key(backend: Backend, given: str) -> str:
    """Whose key it is. Raises KeyRejectedError when it is nobody's."""
    # Every key is compared, each in constant time, so that the time taken reveals nothing about them.
    known = backend.settings.api_keys
    matches = [secrets.compare_digest(given.encode(), key.get_secret_value().encode()) for key in known]
    if not any(matches):
        raise KeyRejectedError("This API key is not known here; check it for typing errors, or ask for a new one.")
    return owner_of(given)


def signer_of(connection: HTTPConnection, backend: Backend) -> str:
    """The owner who may read this address. Raises SignatureRejectedError."""
    if backend.signer is not None and connection.scope.get("method", "GET") == "GET":  # a WebSocket has none
        owners = (owner_of(key.get_secret_value()) for key in backend.settings.api_keys)
        owner = backend.signer.owner(owners, route_path(connection.scope), connection.url.query)
        if owner is not None:
            return owner
    raise SignatureRejectedError("This address has expired, or was changed; read the job or source anew for another.")


async def identify(owner: Annotated[str, Depends(require_key)]) -> str:
    """Who is calling, whom the log names."""
    add_log_fields(tenant=owner)
    return owner


Owner = Annotated[str, Depends(identify)]


def client_of(connection: HTTPConnection, owner: str, backend: Backend) -> str:
    """Whose requests are counted together: those of a key or, without keys, of an address."""
    address = connection.client.host if connection.client else "local"
    return owner if backend.settings.api_keys else address


def limit_rate(request: Request, owner: Owner, backend: BackendDep) -> None:
    """Count a request that uploads or starts work against the minute of its key or, without keys, of its address.

    Raises:
        RateLimitedError: with the seconds until the next minute as Retry-After.
    """
    count_request(backend, client_of(request, owner, backend))


def count_request(backend: Backend, client: str) -> None:
    """Count a request of a client. Raises RateLimitedError like `limit_rate`."""
    limit = backend.settings.rate_limit
    if limit and _count(backend, client) > limit:
        left = WINDOW_S - int(time.time()) % WINDOW_S
        raise RateLimitedError(f"{limit} requests a minute are allowed; wait {left} s.", retry_after=left)


def _count(backend: Backend, client: str) -> int:
    counter = key("rate", client, str(int(time.time()) // WINDOW_S))
    with backend.redis.pipeline() as pipe:
        pipe.incr(counter)
        pipe.expire(counter, 2 * WINDOW_S)
        count, _ = pipe.execute()
    return int(count)
