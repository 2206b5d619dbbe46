"""What the service answers with. Fields that a newer service adds are kept, as attributes."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Document(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="allow", frozen=True)


class FieldProblem(Document):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(Document):
    """An RFC 9457 problem document. `detail` says what to change; programs may branch on `code`."""

    status: int
    detail: str
    code: str
    title: str = ""
    errors: list[FieldProblem] | None = None


class Progress(Document):
    """How far a job has come, in frames; `fps` and `eta_s` are None until they are measured."""

    done: int = 0
    total: int = 0
    fps: float | None = None
    eta_s: float | None = None
    stage: str = ""


class Result(Document):
    """A finished file. `signed_url` needs no key for some time, where the service signs addresses.

    `seconds` is None for a picture; `seed` makes the same motion again, where chance made it.
    """

    url: str
    signed_url: str | None = None
    media_type: str
    width: int | None = None
    height: int | None = None
    frames: int = 1
    seconds: float | None = None
    seed: int | None = None


class JobWarning(Document):
    """Why the result may be less than was requested."""

    code: str
    message: str
    face: int | None = None


class QueuePlace(Document):
    """Where a job waits: 1 is the next. `estimated_wait_s` is None where nothing is known of those before it."""

    position: int
    estimated_wait_s: float | None = None


class BundleIdentity(Document):
    """Weights by their name, version and digest; equal digests mean equal weights."""

    name: str
    version: str
    digest: str


class Bundle(BundleIdentity):
    """Weights that requests may name. `traffic`: the fraction of other requests that it gets; None for what is left."""

    workers: int
    traffic: float | None = None
    space: str = ""
    speaks: bool = False


class BundleList(Document):
    """What can be named."""

    bundles: list[Bundle]


class Delivery(Document):
    """An attempt to call back: `status` of the answer, or the `error` that left it without."""

    event: str
    attempt: int
    status: int | None = None
    error: str | None = None


class Job(Document):
    """One request's life. `results` has entries only where there are several.

    `result_url` and `events_url` need no key for some time, where the service signs addresses. `bundle` and
    `code_version` say what took the job; `deliveries` are attempts to reach its `callback`.
    """

    id: str
    kind: str
    status: JobStatus
    progress: Progress = Progress()
    queue: QueuePlace | None = None
    batch: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    events_url: str | None = None
    result_url: str | None = None
    result: Result | None = None
    results: list[Result] = []
    error: Problem | None = None
    bundle: BundleIdentity | None = None
    code_version: str | None = None
    deliveries: list[Delivery] = []
    metrics: dict[str, float] = {}
    warnings: list[JobWarning] = []
    metadata: dict[str, str] = {}

    @property
    def ended(self) -> bool:
        """Whether the job will never change again."""
        return self.status not in ("queued", "running")


class JobList(Document):
    """A page of jobs."""

    jobs: list[Job]
    next_cursor: str | None = None


class Batch(Document):
    """Many edits with one status; `counts` tells how many of them are in each state of a job."""

    id: str
    status: Literal["queued", "running", "completed", "cancelled"]
    total: int
    counts: dict[str, int]
    created_at: datetime
    finished_at: datetime | None = None
    metadata: dict[str, str] = {}


class Source(Document):
    """An uploaded file. It stands for the file in later requests; each use renews its life."""

    id: str
    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    expires_at: datetime
    content_url: str | None = None


class NamedMotion(Document):
    """A motion that ships with the service or was stored; it stands for a driver. Its files are null of a shipped one.

    `seconds` is 0 for a single pose; `keyframes` is what moves in a shipped one.
    """

    id: str
    title: str
    description: str | None = None
    shipped: bool = False
    seconds: float = 0
    frames: int | None = None
    fps: float | None = None
    space: str | None = None
    bundle: BundleIdentity | None = None
    bytes: int | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    content_url: str | None = None
    sound_url: str | None = None
    keyframes: list[dict[str, Any]] | None = None


class MotionPage(Document):
    """A page of motions."""

    motions: list[NamedMotion]
    next_cursor: str | None = None


class Slider(Document):
    """An expression slider. `weakly_observed`: seldom seen in training; expect less of it."""

    name: str
    min: float
    max: float
    description: str = ""
    group: str = ""
    side: str | None = None
    weakly_observed: bool = False


class PoseAxis(Document):
    """A pose slider: degrees, fractions of the crop, or a factor."""

    name: str
    unit: str
    min: float
    max: float


class Sliders(Document):
    """What can be edited. `shorthands` move both sides at once; `presets` are ready `controls`."""

    space: str
    expression: list[Slider]
    pose: list[PoseAxis]
    shorthands: dict[str, list[str]] = {}
    presets: dict[str, dict[str, Any]] = {}


class Readiness(Document):
    """What the service can do right now: the best state of any worker."""

    state: str
