"""Who may call, and what for: API keys with scopes and a rate limit, all off unless configured."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from service.backend import Backend, BackendDep
from service.errors import KeyMissingError, KeyRejectedError, ScopeMissingError, SignatureRejectedError
from service.keys.directory import SIGNED, Caller
from service.keys.tenant import TENANTS_OWN, WORK, KeyScope, Tenant
from service.signed_urls import is_signed
from service.version import route_path
from workers.contract.logs import add_log_fields

ANSWER_HEADERS = "answer_headers"
"""Of a request's ASGI scope: headers that its answer gets, whatever it is."""

_bearer = HTTPBearer(auto_error=False, description="Asked for only when the service is configured with keys.")


def require_key(
    request: Request,
    backend: BackendDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Who is calling, and so whose jobs and sources exist: the tenant of the key, or the one of all who call without.

    A signed address stands for its tenant's key. The log names the tenant.

    Raises:
        KeyMissingError, KeyRejectedError: keys are required and the request brings none, or a wrong one.
        SignatureRejectedError: it brings a signature instead that is wrong or has expired.
    """
    if not backend.tenants.required:
        caller = backend.tenants.everybody()
    elif credentials is not None:
        caller = caller_of_key(backend, credentials.credentials)
    elif is_signed(request.url.query):
        caller = signer_of(request, backend)
    else:
        raise KeyMissingError("Send your API key in the header `Authorization: Bearer KEY`.")
    note_caller(request, caller)
    return caller


def note_caller(connection: HTTPConnection, caller: Caller) -> None:
    """Have the logs of a connection name its caller."""
    connection.scope["caller"] = caller
    add_log_fields(tenant=caller.tenant.name, key_id=caller.key_id)


def caller_of_key(backend: Backend, given: str) -> Caller:
    """Whose key it is. Raises KeyRejectedError when it is nobody's."""
    caller = backend.tenants.caller(given)
    if caller is None:
        raise KeyRejectedError("This API key is not known here; check it for typing errors, or ask for a new one.")
    return caller


def signer_of(connection: HTTPConnection, backend: Backend) -> Caller:
    """Who may read this address. Raises SignatureRejectedError."""
    if backend.signer is not None and connection.scope.get("method", "GET") == "GET":  # a WebSocket has none
        names = backend.tenants.names()
        name = backend.signer.owner(names, route_path(connection.scope), connection.url.query)
        if name is not None and (tenant := backend.tenants.get(name)).has_live_key():
            return Caller(tenant, SIGNED)
    raise SignatureRejectedError("This address has expired, or was changed; read the job or source anew for another.")


def check_scope(caller: Caller, *scopes: KeyScope) -> None:
    """Raise ScopeMissingError unless the caller has one of the scopes."""
    if not caller.tenant.scopes & set(scopes):
        wanted = " or ".join(f"`{scope}`" for scope in sorted(scopes))
        raise ScopeMissingError(f"This needs the scope {wanted}, which your API key does not have; ask for one.")


def needs(*scopes: KeyScope) -> Any:
    """A dependency of routes that only callers with one of the scopes may use."""

    def check(caller: Annotated[Caller, Depends(require_key)]) -> None:
        check_scope(caller, *scopes)

    dependency: Callable[..., None] = check
    return Depends(dependency)


NEEDS_READ = needs(KeyScope.READ)
NEEDS_WORK = needs(*WORK)
NEEDS_SOME = needs(*TENANTS_OWN)


def tenant_of(caller: Annotated[Caller, Depends(require_key)]) -> Tenant:
    """Who is calling."""
    return caller.tenant


def owner_of_request(tenant: Annotated[Tenant, Depends(tenant_of)]) -> str:
    """Whose jobs and sources exist."""
    return tenant.name


TenantDep = Annotated[Tenant, Depends(tenant_of)]
Owner = Annotated[str, Depends(owner_of_request)]


def client_of(connection: HTTPConnection, tenant: Tenant, backend: Backend) -> str:
    """Whose requests are counted together: those of a tenant or, without keys, of an address."""
    address = connection.client.host if connection.client else "local"
    return tenant.name if backend.tenants.required else address


def limit_rate(request: Request, tenant: TenantDep, backend: BackendDep) -> None:
    """Count a request that uploads or starts work against the minute of its tenant or, without keys, of its address.

    Raises:
        RateLimitedError: with the seconds to wait as Retry-After.
    """
    count_request(request, tenant, backend)


def count_request(connection: HTTPConnection, tenant: Tenant, backend: Backend) -> None:
    """Count a request of a tenant; its answer says what is left. Raises RateLimitedError like `limit_rate`."""
    own = tenant.requests_per_minute
    limit = backend.settings.rate_limit if own is None else own
    if limit:
        allowance = backend.rate.take(client_of(connection, tenant, backend), limit)
        connection.scope[ANSWER_HEADERS] = allowance.headers()
