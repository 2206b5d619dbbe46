"""A job: what a client asks for, what it sees of it, and what the store keeps about it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workers.contract.controls import Controls, FieldError, Strict
from workers.contract.errors import ServiceError

STILL_FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
CLIP_FORMATS = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}


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


class Output(Strict):
    """How the result is written. `format` None: png for a still, mp4 for a clip."""

    format: Literal["png", "jpeg", "webp", "mp4", "webm", "gif"] | None = None
    size: Literal["source"] | Annotated[int, Field(ge=64, le=2048)] = "source"
    fps: float = Field(default=25, ge=1, le=60)


class EditOptions(Strict):
    """Options common to all requests that render."""

    face: Literal["largest"] | Annotated[int, Field(ge=0, le=999)] = "largest"
    paste_back: bool = True
    output: Output = Output()
    label: bool = False

    @model_validator(mode="after")
    def _size_fits(self) -> Self:
        if self.paste_back and self.output.size != "source":
            raise FieldError("output.size", "sets the size of the crop; send it together with paste_back false")
        return self


class ExtractOptions(Strict):
    """Options of POST /extract."""

    face: Literal["largest"] | Annotated[int, Field(ge=0, le=999)] = "largest"
    smoothing: float = Field(default=0, ge=0, le=1)


class EditRequest(Strict):
    """One accepted POST /edit; `source_id` names the source in the source registry."""

    kind: Literal["edit"] = "edit"
    source_id: str
    controls: Controls = Controls()
    options: EditOptions = EditOptions()

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        clip, wanted = self.controls.keyframes is not None, self.options.output.format
        fitting = CLIP_FORMATS if clip else STILL_FORMATS
        if wanted is not None and wanted not in fitting:
            what = "keyframes make a clip" if clip else "without keyframes the result is a picture"
            raise FieldError("options.output.format", f"{what}; choose one of {', '.join(fitting)}, not {wanted}")
        return self

    @property
    def format(self) -> str:
        """The output format, default filled in."""
        return self.options.output.format or ("png" if self.controls.keyframes is None else "mp4")


class ExtractRequest(Strict):
    """One accepted POST /extract."""

    kind: Literal["extract"] = "extract"
    source_id: str
    options: ExtractOptions = ExtractOptions()


JobRequest = Annotated[EditRequest | ExtractRequest, Field(discriminator="kind")]


class Document(BaseModel):
    """Base of everything clients read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldProblem(Document):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(Document):
    """An RFC 9457 problem document; `errors` is there for 422 only."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: list[FieldProblem] | None = None

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


class Progress(Document):
    """How far a running job has come; `done` and `total` count frames, fps and eta_s are None until measured."""

    done: int = 0
    total: int = 0
    fps: float | None = None
    eta_s: float | None = None
    stage: str = "queued"


class Result(Document):
    """One finished file: where to get it and what it is. `seconds` is None for a still."""

    url: str
    media_type: str
    width: int | None = None
    height: int | None = None
    frames: int = 1
    seconds: float | None = None
    space: str


class Job(Document):
    """A job as clients see it (the JSON of GET /jobs/{id}). `results` is filled only when there are several."""

    id: str
    kind: str
    status: JobStatus
    progress: Progress
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Result | None = None
    results: list[Result] = []
    error: Problem | None = None
    metrics: dict[str, float] = {}


class JobRecord(Document):
    """A job as the store keeps it: the public job, the request and the bookkeeping around it.

    Attributes:
        attempt: fencing token, raised whenever the job goes back to the queue. What a worker reports about an
            older attempt is refused.
        losses: how many workers died while they ran it.
        blobs: blob key of every result, in the order of the results.
    """

    job: Job
    request: JobRequest
    attempt: int
    losses: int
    worker: str | None
    cancel_requested: bool
    queued_at: float
    blobs: list[str]
    result_expires_at: float | None

    def body(self) -> dict[str, Any]:
        """The public job as JSON-ready data."""
        return self.job.model_dump(mode="json")
