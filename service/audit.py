"""The audit log: who did what, and when. No pictures, no names of files, nothing of what was requested.

Entries are appended to the process's log (logger `service.audit`) and to a stream in Redis that keeps the newest.
"""

import logging
from datetime import datetime
from typing import Annotated, cast

import redis
from pydantic import Field

from workers.contract.contract_model import ContractModel
from workers.contract.keys import key

log = logging.getLogger(__name__)

_STREAM = key("audit")
_FIELD = b"entry"
_CHUNK = 500
_MOST_LOOKED_AT = 10_000


class AuditEntry(ContractModel):
    """One action. `resource` is the id of the job, source, batch or tenant that it was about."""

    at: datetime
    tenant: str = Field(description="Who: the tenant, or `operator` for the command.")
    key_id: str | None = Field(description="With which of its keys; `signed` for a signed address.")
    action: str = Field(description="What: the operation id of the route, or what the command did.")
    resource: str | None
    status: int | None = Field(description="Of the answer; 101 for a WebSocket that was opened.")
    request_id: str | None


class AuditPage(ContractModel):
    """Some entries, newest first."""

    entries: list[AuditEntry]
    next_cursor: str | None = Field(description="Gives the next page as `cursor`; null on the last one.")


AuditCursor = Annotated[str, Field(pattern=r"^\d{1,20}-\d{1,20}$")]


class AuditLog:
    """The audit log of one service.

    Args:
        client: a Redis client that returns bytes (`connect`).
        most: entries that Redis keeps, about; 0 for none.
    """

    def __init__(self, client: "redis.Redis", most: int) -> None:
        self._redis, self._most = client, most

    def write(self, entry: AuditEntry) -> None:
        """Append an entry. Without Redis only the log has it."""
        fields = entry.model_dump(mode="json", exclude={"at"})
        log.info("audit", extra={"fields": fields})
        if not self._most:
            return
        try:
            self._redis.xadd(_STREAM, {_FIELD: entry.model_dump_json()}, maxlen=self._most, approximate=True)
        except redis.RedisError as error:
            log.warning("an entry of the audit log is in this log alone: %s", error)

    def page(self, tenant: str | None, limit: int, cursor: str | None) -> AuditPage:
        """The newest entries, of a tenant or of all, after those of the cursor's page.

        A page may have fewer than its limit: the last one is that without a cursor.
        """
        found: list[AuditEntry] = []
        newest, looked_at = "+" if cursor is None else f"({cursor}", 0
        while looked_at < _MOST_LOOKED_AT:
            raw = cast(
                list[tuple[bytes, dict[bytes, bytes]]], self._redis.xrevrange(_STREAM, newest, "-", count=_CHUNK)
            )
            for stream_id, fields in raw:
                entry = AuditEntry.model_validate_json(fields[_FIELD])
                newest = f"({stream_id.decode()}"
                if tenant in (None, entry.tenant):
                    found.append(entry)
                if len(found) == limit:
                    return AuditPage(entries=found, next_cursor=stream_id.decode())
            looked_at += len(raw)
            if len(raw) < _CHUNK:
                return AuditPage(entries=found, next_cursor=None)
        return AuditPage(entries=found, next_cursor=newest.removeprefix("("))
