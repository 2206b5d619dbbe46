"""Does jobs in this process, one after the other, with the tasks of a worker."""

import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.attempt import Attempt, JobCancelled
from workers.contract.bundle import BundleIdentity
from workers.contract.code_version import code_version
from workers.contract.invalid_request import problem_of
from workers.contract.jobs import Job, JobRecord, JobStatus, Progress
from workers.contract.kinds.common import RequestFields
from workers.contract.media_type import ANY
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import Abilities
from workers.contract.settings import Settings
from workers.contract.sources import StoredSource
from workers.editor import Editor, load_editor
from workers.job_folder import job_folder, sweep_job_folders
from workers.local.bundle import LoadedBundle
from workers.local.files import LocalFiles
from workers.local.motions import NoMotions
from workers.local.request import Media, accepted
from workers.media.content_credentials import ContentCredentials
from workers.media.isolate import Decoder
from workers.output_file import OutputFile
from workers.runner import explain
from workers.signing import signing
from workers.tasks import tasks_by_kind
from workers.tasks.tools import TaskTools

OnChange = Callable[[Job], object]


class LocalWorker:
    """The loaded models, and the files of the jobs that they do.

    Args:
        editor: the models.
        decoder: of this process.
        settings: from the environment; Redis, storage and times of jobs are not for this.
        folder: an empty one, for results.
    """

    def __init__(self, editor: Editor, decoder: Decoder, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._files = LocalFiles(settings.max_pixels)
        self._code_version = code_version(settings.build)
        self._tasks = tasks_by_kind(TaskTools.of(editor, self._files, NoMotions(), decoder, settings))
        credentials = ContentCredentials.of(settings, self._code_version)
        if credentials is not None:
            self._tasks = {kind: signing(task, credentials, self._files) for kind, task in self._tasks.items()}
        bundle = BundleIdentity.model_validate(editor.bundle.model_dump())
        abilities = Abilities(bundle=bundle, sliders=editor.space.document(), speaks=editor.speech is not None)
        self._presence = LoadedBundle(abilities)

    def sliders(self, bundle: str | None = None) -> dict[str, Any]:
        """The document of GET /sliders. Raises UnknownBundleError."""
        return self._presence.sliders(bundle)

    def add(self, path: Path) -> StoredSource:
        """Remember a file of any kind, for its id. Raises ServiceError, OSError."""
        return self._files.add(path, ANY)

    def accept(self, kind: str, fields: Mapping[str, Any], media: Mapping[str, Media]) -> JobRecord:
        """Check a request and make a job of it. Raises ServiceError, OSError."""
        job_id = uuid.uuid4().hex
        (self._folder / job_id).mkdir()
        parts = (self._files, self._presence, self._settings, self._folder / job_id)
        request = accepted(kind, fields, media, *parts)
        job = Job(
            id=job_id,
            kind=kind,
            status=JobStatus.QUEUED,
            progress=Progress(),
            created_at=datetime.now(UTC),
            metadata=request.metadata.notes() if isinstance(request, RequestFields) else {},
        )
        return JobRecord(
            job=job,
            owner=ANONYMOUS,
            request=request,
            attempt=1,
            losses=0,
            worker=None,
            cancel_requested=False,
            queued_at=time.time(),
            blobs=[],
            result_expires_at=None,
        )

    def run(self, record: JobRecord, on_change: OnChange, is_cancelled: Callable[[], bool]) -> tuple[Job, list[Path]]:
        """Do a job; it never raises for what the job does.

        Args:
            record: from `accept`.
            on_change: called with the job as it goes on.
            is_cancelled: asked as often; the job ends then.

        Returns:
            The job at its end, and the files of its results.
        """
        named = {"bundle": self._presence.abilities().bundle, "code_version": self._code_version}
        running = {"status": JobStatus.RUNNING, "started_at": datetime.now(UTC), **named}
        started = record.model_copy(update={"job": record.job.model_copy(update=running)})
        reports = _Reports(started.job, on_change, is_cancelled)
        label = self._settings.force_label
        # Nobody waits behind this job, so it may take as long as it takes.
        attempt = Attempt(started, reports, math.inf, lambda: False, force_label=label)
        files: list[OutputFile] = []
        ended: dict[str, Any]
        try:
            files = self._tasks[record.job.kind](attempt, self._folder / record.job.id)
        except JobCancelled:
            ended = {"status": JobStatus.CANCELLED}
        except Exception as error:  # noqa: BLE001 - as a worker does: whatever it is, it becomes the job's problem
            ended = {"status": JobStatus.FAILED, "error": problem_of(explain(error, record.job.id))}
        else:
            ended = {"status": JobStatus.SUCCEEDED, **_results(files), "progress": _done(attempt.progress)}
        finally:
            attempt.end()
        observed = {"metrics": attempt.metrics, "warnings": attempt.warnings, "finished_at": datetime.now(UTC)}
        return reports.job.model_copy(update=ended | observed), [file.path for file in files]


class _Reports:
    """Where an attempt's progress goes, and cancellation comes from: the caller."""

    def __init__(self, job: Job, on_change: OnChange, is_cancelled: Callable[[], bool]) -> None:
        self.job = job
        self._on_change, self._is_cancelled = on_change, is_cancelled

    def waited_s(self, record: JobRecord) -> float:  # noqa: ARG002 - none waits
        """Seconds in a queue."""
        return 0.0

    def report(self, job_id: str, attempt: int, progress: Progress) -> bool:  # noqa: ARG002 - there is one
        """Take progress. Returns whether the job is cancelled."""
        self.job = self.job.model_copy(update={"progress": progress})
        self._on_change(self.job)
        return self._is_cancelled()


def _results(files: list[OutputFile]) -> dict[str, Any]:
    results = [file.result(file.path.name) for file in files]
    return {"result": results[0], "results": results if len(results) > 1 else []}


def _done(progress: Progress) -> Progress:
    return Progress(done=progress.total, total=progress.total, stage="done")


@contextmanager
def open_local_worker(settings: Settings, load: Callable[[Settings], Editor] = load_editor) -> Iterator[LocalWorker]:
    """Load the models; results are deleted at the end.

    Args:
        settings: from the environment.
        load: loads the models; raises whatever is wrong with them.

    Raises:
        CredentialsError, MissingPackageError: the settings name a key that cannot sign.
    """
    sweep_job_folders()
    decoder = Decoder(
        max_pixels=settings.max_pixels,
        max_video_pixels=settings.max_video_pixels,
        timeout_s=settings.decode_timeout_s,
        memory_bytes=settings.decode_memory_bytes,
    )
    try:
        with job_folder() as folder:
            yield LocalWorker(load(settings), decoder, settings, folder)
    finally:
        decoder.close()
