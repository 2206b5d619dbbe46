"""/me: who the caller is, and everything of its own at once."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from service.backend import BackendDep
from service.keys.directory import Caller
from service.security import NEEDS_WORK, Owner, require_key
from workers.contract.contract_model import ContractModel
from workers.contract.erasure import Erased

router = APIRouter(prefix="/me", tags=["tenants"])


class TenantDocument(ContractModel):
    """The tenant of the key, and what holds for it; limits are null where it has none."""

    tenant: str
    key_id: str | None = Field(
        description="Names the key, as lists and the audit log do; null where none is asked for."
    )
    scopes: list[str] = Field(description="What its keys are good for; later versions may add some.")
    requests_per_minute: int | None
    jobs_at_once: int | None
    retention_s: int | None = Field(
        description="Seconds for which uploads, results and jobs are kept; null where each has its own time."
    )


@router.get("")
def read_me(caller: Annotated[Caller, Depends(require_key)], backend: BackendDep) -> TenantDocument:
    """Whose key it is, and what it may do."""
    tenant, settings = caller.tenant, backend.settings
    own = tenant.requests_per_minute
    return TenantDocument(
        tenant=tenant.name,
        key_id=caller.key_id,
        scopes=sorted(tenant.scopes),
        requests_per_minute=(settings.rate_limit if own is None else own) or None,
        jobs_at_once=tenant.terms(settings.jobs_at_once).jobs_at_once or None,
        retention_s=tenant.retention_s,
    )


@router.delete("/data", dependencies=[NEEDS_WORK])
def erase_my_data(owner: Owner, backend: BackendDep) -> Erased:
    """Erase everything of the caller's tenant: uploads, jobs, results, batches, motions, callbacks that are due.

    Jobs that wait or run are cancelled. Keys stay good. It cannot be undone; what is sent meanwhile may stay. Where no
    key is asked for, everything is everybody's, and so is erased. The audit log keeps that it was done.
    """
    return backend.eraser.erase_owner(owner)
