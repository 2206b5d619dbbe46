"""The service's work in this process, by the methods of its client: no server, no Redis. Needs the extra `worker`."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, Unpack

from client.answers import succeeded
from client.calls import ExtractFormat, FaceEdit, FaceMotion, Fields, FileMedia, JobExtras, Media
from client.documents import Batch, Job, Sliders, Source
from client.following import OnProgress
from client.local_jobs import LocalJobs, local_problem
from client.many import Edit, OnBatch
from client.whole_file import whole_file


class LocalPortrait:
    """Edits portraits in this process, with the methods of `PortraitClient`.

    A request is checked when it is made, and done when its job is waited for, saved or read. `callback` is not
    possible; `idempotency_key` makes no difference. For one thread. The PORTRAIT_ settings of a worker hold, such as
    PORTRAIT_BUNDLE, PORTRAIT_DEVICE and the limits of media.

    Its methods raise ProblemError like those of `PortraitClient`, with the same codes, OSError for files, and
    LocalSetupError where the models cannot be loaded, which the first request does.

    Args:
        on_load: called before that.
    """

    def __init__(self, *, on_load: Callable[[], object] = lambda: None) -> None:
        self._local = LocalJobs(on_load)
        self._batches: dict[str, tuple[Batch, list[str]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget all jobs and files."""
        self._local.close()

    def upload(self, file: FileMedia) -> Source:
        """As `PortraitClient.upload`; a file that is given by its path is read where it is."""
        return self._local.upload(file)

    def edit(
        self,
        photo: Media,
        *,
        controls: Fields | None = None,
        faces: Sequence[FaceEdit] | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.edit`."""
        fields = {"controls": controls, "faces": faces, "options": options}
        return self._local.submit("edit", {"source": photo}, fields, extras)

    def reenact(
        self,
        photo: Media,
        driver: Media,
        *,
        controls: Fields | None = None,
        faces: Sequence[FaceMotion] | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.reenact`."""
        named = None if faces is None else [self._local.with_driver_id(face) for face in faces]
        fields = {"controls": controls, "faces": named, "options": options}
        return self._local.submit("reenact", {"source": photo, "driver": driver}, fields, extras)

    def talk(
        self,
        photo: Media,
        audio: Media | None = None,
        *,
        pose: Media | None = None,
        controls: Fields | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.talk`."""
        media = {"source": photo, "audio": audio, "pose": pose}
        return self._local.submit("talk", media, {"controls": controls, "options": options}, extras)

    def extract(
        self,
        media: Media,
        *,
        format: ExtractFormat = "json",  # noqa: A002 - the API's own name
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.extract`."""
        return self._local.submit("extract", {"source": media}, {"format": format, "options": options}, extras)

    def faces(self, photo: Media, **extras: Unpack[JobExtras]) -> Job:
        """As `PortraitClient.faces`."""
        return self._local.submit("faces", {"source": photo}, {}, extras)

    def sliders(self, bundle: str | None = None) -> Sliders:
        """As `PortraitClient.sliders`."""
        return self._local.sliders(bundle)

    def wait(self, job: Job | str, *, on_progress: OnProgress | None = None) -> Job:
        """Do the job, unless it has ended; as `PortraitClient.wait`. Ctrl-C ends it at its next frame."""
        return succeeded(self._local.ended(job, on_progress).job)

    def cancel(self, job: Job | str) -> Job:
        """Cancel a job that has not been waited for."""
        known = self._local.known(job)
        if not known.job.ended:
            known.job = known.job.model_copy(update={"status": "cancelled"})
        return known.job

    def result(self, job: Job | str, *, index: int = 0) -> bytes:
        """As `PortraitClient.result`."""
        self.wait(job)
        return self._local.file(job, index).read_bytes()

    def save(self, job: Job | str, path: str | os.PathLike[str], *, index: int = 0) -> Path:
        """As `PortraitClient.save`."""
        self.wait(job)
        with self._local.file(job, index).open("rb") as result, whole_file(Path(path)) as file:
            shutil.copyfileobj(result, file)
        return Path(path)

    def batch(self, edits: Iterable[Edit], *, metadata: Mapping[str, str] | None = None) -> Batch:
        """As `PortraitClient.batch`; an edit that is refused fails, and the others are made."""
        jobs = [
            self.edit(
                edit.photo,
                controls=edit.controls,
                faces=edit.faces,
                options=edit.options,
                metadata=edit.metadata,
                bundle=edit.bundle,
                callback=edit.callback,
            ).id
            for edit in edits
        ]
        batch = Batch(
            id=uuid.uuid4().hex,
            status="queued",
            total=len(jobs),
            counts={"queued": len(jobs)},
            created_at=datetime.now(UTC),
            metadata=dict(metadata or {}),
        )
        self._batches[batch.id] = batch, jobs
        return batch

    def wait_batch(self, batch: Batch | str, *, on_progress: OnBatch | None = None) -> Batch:
        """Do all edits of the batch, well or not; as `PortraitClient.wait_batch`."""
        for job in self.batch_jobs(batch):
            self._local.ended(job)
            if on_progress is not None:
                on_progress(self.read_batch(batch))
        return self.read_batch(batch)

    def read_batch(self, batch: Batch | str) -> Batch:
        """As `PortraitClient.read_batch`."""
        made, _ = self._batch(batch)
        counts: dict[str, int] = {}
        for job in self.batch_jobs(batch):
            counts[job.status] = counts.get(job.status, 0) + 1
        ended = not counts.keys() & {"queued", "running"}
        state = {"status": "completed" if ended else "running", "finished_at": datetime.now(UTC) if ended else None}
        return made.model_copy(update={"counts": counts, **state})

    def batch_jobs(self, batch: Batch | str) -> list[Job]:
        """As `PortraitClient.batch_jobs`."""
        _, jobs = self._batch(batch)
        return [self._local.known(job).job for job in jobs]

    def cancel_batch(self, batch: Batch | str) -> Batch:
        """As `PortraitClient.cancel_batch`."""
        for job in self.batch_jobs(batch):
            self.cancel(job)
        return self.read_batch(batch)

    def _batch(self, batch: Batch | str) -> tuple[Batch, list[str]]:
        batch_id = batch if isinstance(batch, str) else batch.id
        if batch_id not in self._batches:
            raise local_problem(
                404, "unknown_batch", f"There is no batch {batch_id} here; it was not made by this object."
            )
        return self._batches[batch_id]
