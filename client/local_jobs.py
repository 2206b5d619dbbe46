"""Jobs that this process does itself.

This is the one place of the client that knows the workers. It loads them when there is something to do.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from client.calls import FaceMotion, Fields, FileMedia, JobExtras, Media, Uploaded, content, plain, source_id
from client.documents import Job, Problem, Sliders, Source
from client.errors import PortraitError, ProblemError
from client.following import OnProgress
from client.interrupt import interruptible

if TYPE_CHECKING:
    from workers.contract.jobs import Job as WorkersJob
    from workers.contract.jobs import JobRecord
    from workers.local.worker import LocalWorker


_NEVER = datetime.max.replace(tzinfo=UTC)


class LocalSetupError(PortraitError):
    """This machine cannot do the work itself: a package, the weights or a setting is missing or wrong."""


@dataclass
class LocalJob:
    """A job, the request that it is done by, and its files once it has ended."""

    job: Job
    record: JobRecord
    files: list[Path] = field(default_factory=list)


class LocalJobs:
    """Jobs and files of one process, and the models, once they are loaded.

    Args:
        on_load: called before that.
    """

    def __init__(self, on_load: Callable[[], object]) -> None:
        self._on_load = on_load
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="portrait-")))
        self._loaded: LocalWorker | None = None
        self._jobs: dict[str, LocalJob] = {}

    def close(self) -> None:
        """Forget all of them."""
        self._stack.close()

    def upload(self, file: FileMedia) -> Source:
        """Remember a file for its id. Raises ProblemError, OSError, LocalSetupError."""
        path = self._path(file)
        worker = self._worker()
        with _problems():
            known = worker.add(path).model_dump(include={"id", "media_type", "bytes", "width", "height"})
        return Source(**known, expires_at=_NEVER)

    def sliders(self, bundle: str | None) -> Sliders:
        """What can be edited. Raises ProblemError, LocalSetupError."""
        worker = self._worker()
        with _problems():
            return Sliders.model_validate(worker.sliders(bundle))

    def submit(self, kind: str, media: Mapping[str, Media | None], fields: Mapping[str, Any], extras: JobExtras) -> Job:
        """Check a request and make a job of it.

        Args:
            kind: of the job.
            media: its files by field; None where there is none.
            fields: the rest by field; None where there is none.

        Raises:
            ProblemError: it is refused.
            OSError: a file cannot be read.
            LocalSetupError: the models cannot be loaded, or a callback is wanted.
        """
        if extras.get("callback") is not None:
            raise LocalSetupError("There is no service here that could call back; leave the callback out.")
        requested = {**fields, "metadata": extras.get("metadata"), "bundle": extras.get("bundle")}
        given = {name: _as_json(value) for name, value in requested.items() if value is not None}
        files = {name: self._named(one) for name, one in media.items() if one is not None}
        worker = self._worker()  # now that the files can be read
        with _problems():
            record = worker.accept(kind, given, files)
        job = _job(record.job)
        self._jobs[job.id] = LocalJob(job, record)
        return job

    def ended(self, job: Job | str, on_progress: OnProgress | None = None) -> LocalJob:
        """Do a job, unless it has ended. Ctrl-C cancels it at its next frame, and is raised then."""
        known = self.known(job)
        if known.job.ended:
            return known

        def take(now: WorkersJob) -> None:
            known.job = _job(now)
            if on_progress is not None:
                on_progress(known.job)

        with interruptible() as wish:
            ended, known.files = self._worker().run(known.record, take, wish.is_set)
            take(ended)
        return known

    def known(self, job: Job | str) -> LocalJob:
        """A job that was submitted here. Raises ProblemError where it was not."""
        job_id = job if isinstance(job, str) else job.id
        if job_id not in self._jobs:
            raise local_problem(404, "unknown_job", f"There is no job {job_id} here; it was not made by this object.")
        return self._jobs[job_id]

    def file(self, job: Job | str, index: int) -> Path:
        """One of the files of a job that has ended well. Raises ProblemError where there are fewer."""
        files = self.known(job).files
        if not 0 <= index < len(files):
            raise local_problem(422, "invalid_request", f"index: the job has {len(files)} results; the first is 0.")
        return files[index]

    def with_driver_id(self, face: FaceMotion) -> Fields:
        """The API's form of a face, whose driver is an id. Raises as `upload`."""
        rest: dict[str, Any] = {name: value for name, value in face.items() if name != "driver"}
        if "driver" not in face:
            return rest
        named = self._named(face["driver"])
        return rest | {"driver_id": named if isinstance(named, str) else self.upload(named).id}

    def _worker(self) -> LocalWorker:
        if self._loaded is None:
            self._on_load()
            with _setup():
                from workers.contract.settings import Settings
                from workers.local.worker import open_local_worker

                self._loaded = self._stack.enter_context(open_local_worker(Settings()))
        return self._loaded

    def _named(self, media: Media) -> Path | str:
        return source_id(media) if isinstance(media, Uploaded) else self._path(media)

    def _path(self, file: FileMedia) -> Path:
        found = content(file)
        if isinstance(found, Path):
            return found
        path = self._folder / uuid.uuid4().hex
        path.write_bytes(found)
        return path


def _as_json(field: str | Fields | Sequence[Fields]) -> Any:
    """A field of a request as it would arrive at the service."""
    return field if isinstance(field, str) else json.loads(json.dumps(plain(field)))


def local_problem(status: int, code: str, detail: str) -> ProblemError:
    """A problem that no service has found."""
    return ProblemError(Problem(status=status, code=code, detail=detail))


def _job(job: WorkersJob) -> Job:
    return Job.model_validate(job.model_dump(mode="json"))


@contextmanager
def _problems() -> Iterator[None]:
    """Raise the service's errors as the client's."""
    from workers.contract.errors import ServiceError
    from workers.contract.invalid_request import problem_of

    try:
        yield
    except ServiceError as error:
        raise ProblemError(Problem.model_validate(problem_of(error).model_dump())) from error


@contextmanager
def _setup() -> Iterator[None]:
    """Raise LocalSetupError for whatever keeps the models from being loaded."""
    try:
        yield
    except ImportError as error:
        raise LocalSetupError(
            f"This machine lacks what edits portraits ({error}): pip install 'pirenderer-service[worker]'"
        ) from error
    except Exception as error:
        raise LocalSetupError(f"The models cannot be loaded: {type(error).__name__}: {error}") from error
