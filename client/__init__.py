"""A client of the service: `PortraitClient`, the same with `await` (`AsyncPortraitClient`), the command `portrait`.

It knows the service by its HTTP alone. `LocalPortrait` does without one, and loads the packages of the worker for it.
"""

from client.async_client import AsyncPortraitClient
from client.calls import FaceEdit, FaceMotion, FileUrl, JobExtras, SourceId
from client.documents import (
    Batch,
    Bundle,
    Job,
    JobStatus,
    NamedMotion,
    Problem,
    Progress,
    Readiness,
    Result,
    Sliders,
    Source,
)
from client.errors import (
    InvalidUrlError,
    JobCancelledError,
    NoConnectionError,
    PortraitError,
    ProblemError,
    UnexpectedAnswerError,
    WaitTimeoutError,
)
from client.live_flows import LiveClosedError
from client.live_messages import LivePicture, WishError
from client.local import LocalPortrait
from client.local_jobs import LocalSetupError
from client.many import Edit
from client.retries import Retries
from client.sync_client import PortraitClient

__all__ = [
    "AsyncPortraitClient",
    "Batch",
    "Bundle",
    "Edit",
    "FaceEdit",
    "FaceMotion",
    "FileUrl",
    "InvalidUrlError",
    "Job",
    "JobCancelledError",
    "JobExtras",
    "JobStatus",
    "LiveClosedError",
    "LivePicture",
    "LocalPortrait",
    "LocalSetupError",
    "NamedMotion",
    "NoConnectionError",
    "PortraitClient",
    "PortraitError",
    "Problem",
    "ProblemError",
    "Progress",
    "Readiness",
    "Result",
    "Retries",
    "Sliders",
    "Source",
    "SourceId",
    "UnexpectedAnswerError",
    "WaitTimeoutError",
    "WishError",
]
