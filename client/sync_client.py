"""The client for programs that block."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

import httpx

from client import flows, http, many, motions
from client.calls import (
    ExtractFormat,
    FaceEdit,
    FaceMotion,
    Fields,
    FileMedia,
    JobExtras,
    Media,
    edit_call,
    extract_call,
    faces_call,
    talk_call,
)
from client.documents import Batch, Bundle, Job, JobStatus, NamedMotion, Readiness, Sliders, Source
from client.exchange import Exchange, run
from client.following import OnProgress
from client.http import DEFAULT_URL
from client.many import Edit, OnBatch
from client.retries import PATIENT, Retries
from client.steps import Call, Steps, T

if TYPE_CHECKING:
    from client.live import Live


class PortraitClient:
    """The service at a URL.

    A request is sent again, with the same idempotency key, when the service is busy or the connection breaks.
    `controls` and `options` are mappings as the API documents them. A job is given as itself or by its id. May be used
    by several threads.

    Args:
        url: of the service.
        api_key: where it asks for one.
        retries: how often and when requests are sent again.
        transport: how httpx sends; its own unless given.
        sleep: how to wait.

    Those that make a job take the keywords of `JobExtras`: metadata, callback, bundle, idempotency_key.

    All methods raise:
        ProblemError: the service refuses the request; for those that wait for a job, that it failed.
        NoConnectionError: it cannot be reached.
        UnexpectedAnswerError: something else answers.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        retries: Retries = PATIENT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(**http.settings(url, api_key), transport=transport)
        self._retries = retries
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def upload(self, file: FileMedia) -> Source:
        """Store a photo, video, sound or motion at the service, once for many requests: the source stands for it."""
        return self._run(flows.upload(file, self._retries))

    def source(self, source: Source | str) -> Source:
        """An uploaded file, by its id, as the service knows it now."""
        return self._run(flows.read_source(source, self._retries))

    def content(self, source: Source | str) -> bytes:
        """An uploaded file's bytes."""
        return self._run(flows.read_content(source, self._retries))

    def delete(self, source: Source | str) -> None:
        """Delete an uploaded file now; jobs that have not read it yet will fail."""
        return self._run(flows.delete_source(source, self._retries))

    def edit(
        self,
        photo: Media,
        *,
        controls: Fields | None = None,
        faces: Sequence[FaceEdit] | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """Change expression and pose of the face in a photo; keyframes make a clip.

        `faces` changes several, each by controls of its own, in place of `controls`.
        """
        return self._submit(edit_call(photo, controls, faces, options, extras))

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
        """Let the face of a photo or video make the motion of a driver: a video, a picture or a motion document.

        `controls` act on top of that motion. `faces` moves several faces of a photo, each with controls, and perhaps
        a driver, of its own; the clip's times and sound are those of `driver`.
        """
        return self._run(flows.reenact(photo, driver, controls, faces, options, extras, self._retries))

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
        """Let the face of a photo say what is heard, or, with the option `idle` and no audio, live without a word.

        `pose` is a motion document, or a video, of head poses; `controls` act on top of everything.
        """
        return self._submit(talk_call(photo, audio, pose, controls, options, extras))

    def extract(
        self,
        media: Media,
        *,
        format: ExtractFormat = "json",  # noqa: A002 - the API's own name
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """Read expression and pose of the face in a photo or video; its result is a motion document (json, npz)."""
        return self._submit(extract_call(media, format, options, extras))

    def faces(self, photo: Media, **extras: Unpack[JobExtras]) -> Job:
        """See how well the faces of a photo suit the other requests; its result is a JSON document."""
        return self._submit(faces_call(photo, extras))

    def add_motion(
        self,
        name: str,
        driver: Media,
        *,
        title: str | None = None,
        description: str | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """Keep the motion and the sound of a driver under a name, which stands for it once the job has succeeded."""
        return self._submit(motions.motion_call(name, driver, title, description, options, extras))

    def motions(self) -> list[NamedMotion]:
        """Motions by name: the own ones, then those that ship with the service. Each goes where a driver goes."""
        return self._run(motions.list_motions(self._retries))

    def motion(self, motion: NamedMotion | str) -> NamedMotion:
        """A motion, by its name, as the service knows it now."""
        return self._run(motions.read_motion(motion, self._retries))

    def motion_content(self, motion: NamedMotion | str) -> bytes:
        """The JSON document of a stored motion."""
        return self._run(motions.read_motion_content(motion, self._retries))

    def delete_motion(self, motion: NamedMotion | str) -> None:
        """Delete a stored motion now; jobs that have not read it yet will fail."""
        return self._run(motions.delete_motion(motion, self._retries))

    def jobs(
        self,
        *,
        kind: str | None = None,
        status: JobStatus | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        most: int | None = None,
    ) -> list[Job]:
        """The jobs that there are, newest first: all, or the `most` newest that fit."""
        return self._run(many.list_jobs(self._retries, kind, status, created_after, created_before, most))

    def batch(
        self,
        edits: Iterable[Edit],
        *,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Make up to 1,000 edits; each is a job. Photos are uploaded first, each once."""
        return self._run(many.create_batch(edits, metadata, self._retries, idempotency_key))

    def read_batch(self, batch: Batch | str) -> Batch:
        """The batch as it is now."""
        return self._run(many.read_batch(batch, self._retries))

    def wait_batch(self, batch: Batch | str, *, on_progress: OnBatch | None = None) -> Batch:
        """Wait until every edit of the batch has ended, well or not; `on_progress` is called with it now and then."""
        return self._run(many.wait_batch(batch, self._retries, on_progress))

    def batch_jobs(self, batch: Batch | str) -> list[Job]:
        """All jobs of the batch, in the order of its edits."""
        return self._run(many.batch_jobs(batch, self._retries))

    def cancel_batch(self, batch: Batch | str) -> Batch:
        """Cancel the edits that have not ended."""
        return self._run(many.cancel_batch(batch, self._retries))

    def save_batch(self, batch: Batch | str, folder: str | os.PathLike[str]) -> list[Path | None]:
        """Wait for the batch, then write the result of every edit to a folder, by its place in the batch: 0000.png.

        Returns:
            The files, in the order of the edits; None for one that failed or was cancelled.
        """
        return self._run(many.save_batch(batch, self._retries, folder))

    def sliders(self, bundle: str | None = None) -> Sliders:
        """What can be edited, with a bundle that is named or without."""
        return self._run(flows.read_sliders(self._retries, bundle))

    def bundles(self) -> list[Bundle]:
        """The weights that requests may name, those that most workers have first."""
        return self._run(flows.read_bundles(self._retries))

    def live(self) -> Live:
        """Open a connection for live previews, to be used in a `with` block; it connects with its first wish."""
        from client.live import Live
        from client.live_socket import address

        return Live(address(self._http.base_url, self._http.headers), self._retries, self._sleep)

    def readiness(self) -> Readiness:
        """What the service can do right now. Raises ProblemError (503) while that is nothing."""
        return self._run(flows.read_readiness(self._retries))

    def job(self, job: Job | str) -> Job:
        """The job as it is now."""
        return self._run(flows.read_job(job, self._retries))

    def wait(self, job: Job | str, *, on_progress: OnProgress | None = None, timeout_s: float | None = None) -> Job:
        """Wait until the job has succeeded.

        Args:
            on_progress: called with the job whenever it has changed.
            timeout_s: how long to wait; without, as long as it takes.

        Raises:
            JobCancelledError: it was cancelled.
            WaitTimeoutError: it did not end in time, and goes on.
        """
        return self._run(flows.wait(job, self._retries, on_progress, timeout_s))

    def cancel(self, job: Job | str) -> Job:
        """Cancel the job; one that has ended stays as it is."""
        return self._run(flows.cancel(job, self._retries))

    def result(self, job: Job | str, *, index: int = 0, timeout_s: float | None = None) -> bytes:
        """The job's file, or the one at `index` of several, once it has succeeded. Raises as `wait`."""
        return self._run(flows.read_result(job, self._retries, index, timeout_s))

    def save(
        self, job: Job | str, path: str | os.PathLike[str], *, index: int = 0, timeout_s: float | None = None
    ) -> Path:
        """Write the job's file to `path`, once it has succeeded. Raises as `wait`, and OSError."""
        return self._run(flows.save_result(job, self._retries, path, index, timeout_s))

    def _submit(self, call: Call) -> Job:
        return self._run(flows.submit(call, self._retries))

    def _run(self, steps: Steps[T]) -> T:
        return run(steps, Exchange(self._http, self._sleep))
