"""A job: what a client sees of it, and what the store keeps about it."""

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from workers.contract.bundle import BundleIdentity
from workers.contract.contract_model import ContractModel
from workers.contract.errors import ServiceError
from workers.contract.kinds import JobRequest
from workers.contract.origin import Origin
from workers.contract.text import cut
from workers.contract.warnings import JobWarning

MAX_ERRORS = 20
"""Field problems that one answer lists."""


class JobStatus(StrEnum):
    """Where a job is in its life; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether a job in this state will never change again."""
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


class FieldProblem(ContractModel):
    """What is wrong with one field of a request."""

    # Whatever an error says can be written: one that could not would hide what it is about, and break a job's end.
    field: Annotated[str, Field(max_length=120), BeforeValidator(partial(cut, length=120))]
    message: Annotated[str, Field(max_length=400), BeforeValidator(partial(cut, length=400))]


class Problem(ContractModel):
    """An RFC 9457 problem document; `errors` is there for 422 only, and lists the first 20."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Field(max_length=2000), BeforeValidator(partial(cut, length=2000))]
    code: str
    instance: Annotated[str, Field(max_length=200), BeforeValidator(partial(cut, length=200))] | None = None
    errors: Annotated[list[FieldProblem], Field(max_length=MAX_ERRORS)] | None = None

    @classmethod
    def of(cls, error: ServiceError, instance: str | None = None) -> "Problem":
        """The problem document of an error of the tree."""
        problem = cls.build(error.code, error.status, error.title, str(error), instance)
        if error.field is None:
            return problem
        return problem.model_copy(update={"errors": [FieldProblem(field=error.field, message=str(error))]})

    @classmethod
    def build(cls, code: str, status: int, title: str, detail: str, instance: str | None = None) -> "Problem":
        """A problem document whose type follows from its code."""
        return cls(
            type=f"urn:problem-type:{code}", title=title, status=status, detail=detail, code=code, instance=instance
        )


class Progress(ContractModel):
    """How far a running job has come; `done` and `total` count frames, fps and eta_s are None until measured."""

    done: int = 0
    total: int = 0
    fps: float | None = None
    eta_s: float | None = None
    stage: str = "queued"


class Result(ContractModel):
    """One finished file: where to get it and what it is. `seconds` is None for a still.

    `seed` is the one that its motion was made with, to make it again; None where there was no chance in it.
    `url` is to be requested with the API key, `signed_url` without, for some time; None where it is not signed.
    """

    url: str
    signed_url: str | None = None
    media_type: str
    width: int | None = None
    height: int | None = None
    frames: int = 1
    seconds: float | None = None
    space: str
    seed: int | None = None


class QueuePlace(ContractModel):
    """Where a job waits: 1 is the next. `estimated_wait_s` is null where nothing is known of the jobs before it."""

    position: int
    estimated_wait_s: float | None


class Delivery(ContractModel):
    """An attempt to call a client back: `status` of its answer, or the `error` that left it without; `next_at` where it
    is tried again.
    """

    event: str
    attempt: int
    at: datetime
    status: int | None = None
    error: Annotated[str, BeforeValidator(partial(cut, length=300))] | None = None
    next_at: datetime | None = None


class Job(ContractModel):
    """A job as clients see it (the JSON of GET /jobs/{id}). `results` is filled only when there are several.

    `bundle` is the one of the worker that took the job, `code_version` that of its code; None while it waits.
    `result_url`, of the first result, and `events_url` need no API key for some time, where the service signs
    addresses. `queue` is there while it waits. `batch` is the id of the one that it belongs to. `metadata` is that of
    the request; `deliveries` are attempts to reach its `callback`.
    """

    id: str
    kind: str
    batch: str | None = None
    status: JobStatus
    progress: Progress
    queue: QueuePlace | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    events_url: str | None = None
    result_url: str | None = None
    result: Result | None = None
    results: list[Result] = Field(default_factory=list)
    error: Problem | None = None
    bundle: BundleIdentity | None = None
    code_version: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    warnings: list[JobWarning] = Field(default_factory=list)
    metadata: dict[str, str] = Field(default_factory=dict)
    deliveries: list[Delivery] = Field(default_factory=list)


class JobRecord(ContractModel):
    """A job as the store keeps it: the public job, the request and the bookkeeping around it.

    Attributes:
        owner: whose it is: a digest of the API key it came with, or `owners.ANONYMOUS`.
        attempt: fencing token, raised whenever the job goes back to the queue. What a worker reports about an
            older attempt is refused.
        losses: how many workers died while they ran it.
        lane: digest of the bundle that it is for; None where workers of any may take it.
        held: whether it waits outside of the queue for others of its batch.
        retention_s: seconds for which it and its results are kept after its end; None for those of the settings.
        blobs: blob key of every result, in the order of the results.
        origin: of the request that made it.
    """

    job: Job
    owner: str
    request: JobRequest
    attempt: int
    losses: int
    worker: str | None
    cancel_requested: bool
    lane: str | None = None
    held: bool = False
    queued_at: float
    retention_s: int | None = None
    blobs: list[str]
    result_expires_at: float | None
    origin: Origin = Origin()

    @property
    def long(self) -> bool:
        """Whether it waits behind those that somebody waits for."""
        return self.request.long or self.job.batch is not None

    def body(self) -> dict[str, Any]:
        """The public job as JSON-ready data."""
        return self.job.model_dump(mode="json")
