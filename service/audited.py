"""Which requests the audit log has, and what it says of them."""

from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from service.audit import AuditEntry
from service.backend import Backend
from service.keys.directory import Caller
from workers.contract.logs import log_field
from workers.contract.text import ID_LENGTH, cut

_ALWAYS = frozenset({"POST", "DELETE"})
_READS = frozenset({"read_result", "read_content", "read_motion_content", "read_motion_sound", "read_audit"})
"""Names of routes that give media, or the log itself, away."""

_RESOURCES = ("job_id", "source_id", "batch_id", "motion")


async def audit_request(scope: Scope, status: int) -> None:
    """Write down a request that was answered, if the log is to have it.

    What nobody known requested is in the access log alone: strangers must not be able to push entries out.
    """
    caller: Caller | None = scope.get("caller")
    name = getattr(scope.get("route"), "name", "")
    if caller is not None and (scope["method"] in _ALWAYS or name in _READS):
        backend: Backend = scope["state"]["backend"]
        await run_in_threadpool(backend.audit.write, entry_of(caller, name, status, _resource(scope)))


def entry_of(caller: Caller, action: str, status: int, resource: str | None) -> AuditEntry:
    """What a caller did just now."""
    return AuditEntry(
        at=datetime.now(UTC),
        tenant=caller.tenant.name,
        key_id=caller.key_id,
        action=action,
        resource=resource,
        status=status,
        request_id=log_field("request_id"),
    )


def _resource(scope: Scope) -> str | None:
    named = [scope.get("path_params", {}).get(name) or log_field(name) for name in _RESOURCES]
    return next((cut(found, ID_LENGTH) for found in named if found), None)
