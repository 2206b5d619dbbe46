"""GET /audit: who did what, and when, for the operator."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.audit import AuditCursor, AuditPage
from service.backend import BackendDep
from service.keys.tenant import KeyScope
from service.openapi import problems
from service.security import needs

router = APIRouter(prefix="/audit", tags=["tenants"])


@router.get("", dependencies=[needs(KeyScope.ADMIN)], responses=problems(422))
def read_audit(
    backend: BackendDep,
    tenant: Annotated[str | None, Query(max_length=40, description="Only what this tenant did.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most entries of the page.")] = 100,
    cursor: Annotated[AuditCursor | None, Query(description="The `next_cursor` of the page before.")] = None,
) -> AuditPage:
    """What all tenants did, newest first: uploads, jobs, deletions, reading of media, live connections, managing keys.

    It needs the scope `admin`. Looking at states and lists is left out. A page may have fewer entries than its limit:
    the last one is that without a `next_cursor`.
    """
    return backend.audit.page(tenant, limit, cursor)
