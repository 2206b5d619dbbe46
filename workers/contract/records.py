"""How a job lies in Redis: the names of its keys, and its hash, written and read back."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from workers.contract.bundle import BundleIdentity
from workers.contract.errors import UnknownJobError
from workers.contract.jobs import Delivery, Job, JobRecord, JobStatus, Problem, Progress, Result
from workers.contract.keys import key
from workers.contract.kinds import JobRequest
from workers.contract.kinds.common import RequestFields
from workers.contract.origin import UNKNOWN_ORIGIN, Origin
from workers.contract.owners import ANONYMOUS
from workers.contract.terms import ORDINARY, Terms
from workers.contract.text import ID_LENGTH, cut
from workers.contract.warnings import JobWarning

_REQUEST: TypeAdapter[JobRequest] = TypeAdapter(JobRequest)


DELIVERY_FIELD = "delivery:"
"""What fields of a job's hash begin with that tell of calls back."""


def job_key(job_id: str) -> str:
    """The Redis key of a job's hash."""
    return key("job", cut(job_id, ID_LENGTH))  # clients send all kinds of ids


ACTIVE = key("jobs", "active")
"""Sorted set of the jobs that are in a queue or run, by when they were put there."""

BATCHES = key("batches")
"""Sorted set of the batches that have not ended, by when they were created."""


BATCH_PARTS = JOBS_PART, HELD_PART, UNDER_WAY_PART = (":jobs", ":held", ":under_way")
"""What follows a batch's key in the names of its jobs, of those outside of the queue, and of those in it or running."""


def batch_key(batch_id: str) -> str:
    """The Redis key of a batch's hash."""
    return key("batch", batch_id)


def batch_keys(batch_id: str) -> list[str]:
    """All Redis keys of a batch."""
    return [f"{batch_key(batch_id)}{part}" for part in ("", *BATCH_PARTS)]


def source_key(owner: str, source_id: str) -> str:
    """The Redis key of a source's record."""
    return key("source", owner, cut(source_id, ID_LENGTH))  # clients send all kinds of ids


def idempotency_name(what: Literal["job", "batch"], owner: str, chosen: str) -> str:
    """The Redis key that remembers what an owner made with an idempotency key of its choice."""
    return f"{_idempotency_of(what, owner)}{hashlib.sha256(chosen.encode()).hexdigest()}"


def _idempotency_of(what: str, owner: str) -> str:
    return key(f"{what}-idempotency", owner, "")


def patterns_of(owner: str) -> list[str]:
    """What the names of keys fit that are an owner's alone, and that no index lists."""
    return [source_key(owner, "*"), *(f"{_idempotency_of(what, owner)}*" for what in ("job", "batch"))]


CALLED_EVENTS = ("started", "completed")
"""What clients may want to be called for."""

CALLBACKS_DUE = key("callbacks", "due")
"""Sorted set of `JOB:EVENT` by when they are to be sent next, seconds since the epoch."""


OWNERS = key("owner", "")
"""What keys of owners begin with: before the owner, and `:active`, `:jobs` or `:batches`."""


def owner_key(owner: str, what: str) -> str:
    """The Redis key of something of an owner's."""
    return f"{OWNERS}{owner}:{what}"


def active_of(owner: str) -> str:
    """The Redis key of the set of an owner's jobs that are in a queue or run."""
    return owner_key(owner, "active")


def batches_of(owner: str) -> str:
    """The Redis key of the set of an owner's batches."""
    return owner_key(owner, "batches")


def motions_of(owner: str) -> str:
    """The Redis key of the hash of an owner's stored motions, by name."""
    return owner_key(owner, "motions")


def jobs_of(owner: str) -> str:
    """The Redis key of the index of an owner's jobs: ids by when they were created."""
    return owner_key(owner, "jobs")


EVERY_CHANNEL = f"{job_key('*')}:events"
"""Pattern of the pub/sub channels where jobs' changes are announced; messages are empty, read the job to see it."""


def job_of_channel(channel: str) -> str:
    """The id of the job whose changes are announced on a channel."""
    return channel.removeprefix(job_key("")).removesuffix(":events")


def unknown_job(job_id: str) -> UnknownJobError:
    """The error for a job that is not there, or is another's: nobody learns which."""
    return UnknownJobError(f"There is no job {cut(job_id)}; it may have expired.")


def new_job_fields(
    request: JobRequest,
    owner: str,
    created_at: float,
    origin: Origin = UNKNOWN_ORIGIN,
    lane: str | None = None,
    terms: Terms = ORDINARY,
) -> dict[str, Any]:
    """The hash of a job that waits from the beginning."""
    fields: dict[str, Any] = {
        "status": JobStatus.QUEUED,
        "kind": request.job_kind,
        "owner": owner,
        "request": request.model_dump_json(),
        "created_at": created_at,
        "queued_at": created_at,
        "attempt": 1,
        "losses": 0,
        "progress": Progress().model_dump_json(),
        "origin": origin.model_dump_json(),
        "lane": lane or "",
    }
    if isinstance(request, RequestFields) and (events := request.callback.wanted()):
        fields["callback"] = f",{','.join(events)},"
    if terms.retention_s is not None:
        fields["ttl"] = terms.retention_s
    return fields


def record_from_hash(job_id: str, raw: Mapping[bytes, bytes]) -> JobRecord:
    """Build a job's record from its Redis hash. Raises UnknownJobError when the hash is empty."""
    if b"status" not in raw:
        raise unknown_job(job_id)
    field = {name.decode(): value.decode() for name, value in raw.items() if value}
    results = [Result.model_validate(result) for result in json.loads(field.get("results", "[]"))]
    status = JobStatus(field["status"])
    request = _REQUEST.validate_json(field["request"])
    job = Job(
        id=job_id,
        kind=field["kind"],
        status=status,
        progress=Progress.model_validate_json(field["progress"]),
        created_at=moment(field["created_at"]),
        started_at=moment(field["started_at"]) if "started_at" in field else None,
        finished_at=moment(field["finished_at"]) if "finished_at" in field else None,
        result=results[0] if results else None,
        results=results if len(results) > 1 else [],
        error=Problem.model_validate_json(field["error"]) if "error" in field else None,
        bundle=BundleIdentity.model_validate_json(field["bundle"]) if "bundle" in field else None,
        code_version=field.get("code_version"),
        metrics=json.loads(field.get("metrics", "{}")),
        batch=field.get("batch"),
        metadata=request.metadata.notes() if isinstance(request, RequestFields) else {},
        deliveries=_deliveries(field),
        warnings=[JobWarning.model_validate_json(json.dumps(one)) for one in json.loads(field.get("warnings", "[]"))],
    )
    return JobRecord(
        job=job,
        owner=field.get("owner", ANONYMOUS),
        request=request,
        attempt=int(field["attempt"]),
        losses=int(field["losses"]),
        worker=field.get("worker"),
        lane=field.get("lane"),
        held="held" in field,
        cancel_requested="cancel" in field,
        queued_at=float(field["queued_at"]),
        retention_s=int(field["ttl"]) if "ttl" in field else None,
        blobs=json.loads(field.get("blobs", "[]")),
        result_expires_at=float(field["result_expires_at"]) if "result_expires_at" in field else None,
        origin=Origin.model_validate_json(field.get("origin", "{}")),
    )


def _deliveries(field: Mapping[str, str]) -> list[Delivery]:
    found = (Delivery.model_validate_json(value) for name, value in field.items() if name.startswith(DELIVERY_FIELD))
    return sorted(found, key=lambda delivery: (delivery.at, delivery.attempt))


def flat(fields: Mapping[str, Any]) -> list[Any]:
    """Fields and values of a hash, by turns, as HSET takes them."""
    return [part for name, value in fields.items() for part in (name, str(value))]


def moment(seconds: str | float) -> datetime:
    """A time since the epoch."""
    return datetime.fromtimestamp(float(seconds), UTC)
