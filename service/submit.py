"""From a validated request to a job in the queue."""

from typing import Annotated

from fastapi import Header

from service.backend import Backend
from service.errors import MalformedHeaderError
from service.keys.tenant import Tenant
from workers.contract.jobs import JobRecord
from workers.contract.kinds import JobRequest
from workers.contract.logs import add_log_fields, log_field
from workers.contract.origin import Origin
from workers.contract.queue_names import QueueName
from workers.contract.terms import Terms
from workers.contract.tracing import current_traceparent

MAX_KEY_LENGTH = 255

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A name of your choice for this request. Repeating the request with the same key gives the first "
        "job instead of a second one, so it is safe to send again after a broken connection.",
    ),
]


def check_key(idempotency_key: str | None) -> None:
    """Raise MalformedHeaderError when a key is empty or too long."""
    if idempotency_key is not None and not 0 < len(idempotency_key) <= MAX_KEY_LENGTH:
        raise MalformedHeaderError(f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters.")


def terms_of(backend: Backend, tenant: Tenant) -> Terms:
    """What holds for the jobs of a tenant."""
    return tenant.terms(backend.settings.jobs_at_once)


def admit(backend: Backend, tenant: Tenant, idempotency_key: str | None) -> bool:
    """Refuse a request that can make no job; a repeated one makes none, and always gets its first job.

    Args:
        tenant: of the request; keys of different ones never meet.

    Returns:
        Whether the request is a new one.

    Raises:
        TooManyJobsError: the tenant has as many as it may have at once.
        QueueFullError: as many jobs wait as the settings allow.
        MalformedHeaderError: the key is empty or too long.
    """
    check_key(idempotency_key)
    if idempotency_key is not None and backend.jobs.knows(tenant.name, idempotency_key):
        return False
    backend.jobs.ensure_few(tenant.name, terms_of(backend, tenant))
    backend.queue.ensure_room(tenant.name)
    return True


def submit(backend: Backend, request: JobRequest, tenant: Tenant, idempotency_key: str | None) -> JobRecord:
    """Make a job of the request, or find the one that the same key made before.

    Raises:
        TooManyJobsError, QueueFullError, MalformedHeaderError: as `admit`.
        QueueNotServedError, BundleNotServedError, UnknownBundleError: no worker would take the job.
        IdempotencyConflictError: the key was used for another request.
    """
    lane = None
    if admit(backend, tenant, idempotency_key):
        queue, drawn_by = QueueName.of(long=request.long), f"{tenant.name}:{request.drawn_by}"
        lane = backend.router.lane(queue, request.bundle, drawn_by)
    origin = Origin(request_id=log_field("request_id"), traceparent=current_traceparent())
    terms = terms_of(backend, tenant)
    record, new = backend.jobs.create(request, tenant.name, idempotency_key, origin, lane, terms)
    add_log_fields(job_id=record.job.id)
    if new:  # if this process dies before it enqueues, a reaper enqueues the job
        backend.queue.enqueue(record)
    return record
