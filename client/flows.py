"""What can be requested of the service, each as steps. A job is given as itself or by its id."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from client.answers import checked, parsed
from client.calls import (
    FaceMotion,
    Fields,
    FileMedia,
    JobExtras,
    Media,
    Uploaded,
    job_path,
    reenact_call,
    result_call,
    source_id,
    source_path,
    upload_call,
)
from client.documents import Bundle, BundleList, Job, Readiness, Sliders, Source
from client.errors import NoConnectionError
from client.following import OnProgress, Waiting
from client.retries import Retries, answered
from client.steps import Call, CloseStream, OpenStream, ReadChunk, Sleep, Steps
from client.whole_file import whole_file


def submit(call: Call, retries: Retries) -> Steps[Job]:
    """Send a request that makes a job.

    A request that was sent before may find its job finished. Then the answer is its document, for some kinds of jobs;
    Location says where the job itself is.
    """
    answer = checked((yield from answered(call, retries)))
    location = answer.headers.get("location")
    if answer.status == 200 and location is not None:
        answer = yield from answered(Call("GET", job_path(location.rpartition("/")[2])), retries)
    return parsed(answer, Job)


def reenact(
    photo: Media,
    driver: Media,
    controls: Fields | None,
    faces: Sequence[FaceMotion] | None,
    options: Fields | None,
    extras: JobExtras,
    retries: Retries,
) -> Steps[Job]:
    """Upload the drivers of single faces, then send the request."""
    named: list[Fields] | None = None
    if faces is not None:
        own = [face["driver"] for face in faces if "driver" in face]
        ids = iter((yield from source_ids(own, retries)))
        rest = [{name: value for name, value in face.items() if name != "driver"} for face in faces]
        named = [
            one | ({"driver_id": next(ids)} if "driver" in face else {}) for face, one in zip(faces, rest, strict=True)
        ]
    return (yield from submit(reenact_call(photo, driver, controls, named, options, extras), retries))


def source_ids(media: Iterable[Media], retries: Retries) -> Steps[list[str]]:
    """Upload files; what was uploaded before has its id. The same file, given as the same object, is sent once."""
    known: dict[int, str] = {}
    given = list(media)
    for one in given:
        if id(one) in known:
            continue
        if isinstance(one, Uploaded):
            known[id(one)] = source_id(one)
        else:
            known[id(one)] = (yield from upload(one, retries)).id
    return [known[id(one)] for one in given]


def upload(file: FileMedia, retries: Retries) -> Steps[Source]:
    """Store a file."""
    return parsed((yield from answered(upload_call(file), retries)), Source)


def read_source(source: Source | str, retries: Retries) -> Steps[Source]:
    """Ask for what is known of an uploaded file."""
    return parsed((yield from answered(Call("GET", source_path(source)), retries)), Source)


def read_content(source: Source | str, retries: Retries) -> Steps[bytes]:
    """Fetch an uploaded file into memory."""
    return checked((yield from answered(Call("GET", f"{source_path(source)}/content"), retries))).content


def delete_source(source: Source | str, retries: Retries) -> Steps[None]:
    """Delete an uploaded file."""
    checked((yield from answered(Call("DELETE", source_path(source)), retries)))


def read_job(job: Job | str, retries: Retries) -> Steps[Job]:
    """Ask for a job."""
    return parsed((yield from answered(Call("GET", job_path(job)), retries)), Job)


def cancel(job: Job | str, retries: Retries) -> Steps[Job]:
    """Cancel a job; one that has ended stays as it is."""
    return parsed((yield from answered(Call("DELETE", job_path(job)), retries)), Job)


def read_sliders(retries: Retries, bundle: str | None) -> Steps[Sliders]:
    """Ask what can be edited."""
    query = "" if bundle is None else f"?{urlencode({'bundle': bundle})}"
    return parsed((yield from answered(Call("GET", f"/sliders{query}"), retries)), Sliders)


def read_bundles(retries: Retries) -> Steps[list[Bundle]]:
    """Ask which weights there are."""
    return parsed((yield from answered(Call("GET", "/bundles"), retries)), BundleList).bundles


def read_readiness(retries: Retries) -> Steps[Readiness]:
    """Ask whether work is being done."""
    return parsed((yield from answered(Call("GET", "/health/ready"), retries)), Readiness)


def wait(
    job: Job | str, retries: Retries, on_progress: OnProgress | None = None, timeout_s: float | None = None
) -> Steps[Job]:
    """Wait until a job has succeeded. Raises as `Waiting.steps`."""
    first = job if isinstance(job, Job) else (yield from read_job(job, retries))
    waiting = Waiting(first, retries, on_progress, timeout_s)
    return (yield from waiting.steps())


def read_result(job: Job | str, retries: Retries, index: int, timeout_s: float | None) -> Steps[bytes]:
    """Wait for a job, then fetch one of its files into memory."""
    yield from wait(job, retries, timeout_s=timeout_s)
    return checked((yield from answered(result_call(job, index), retries))).content


def save_result(
    job: Job | str, retries: Retries, path: str | os.PathLike[str], index: int, timeout_s: float | None
) -> Steps[Path]:
    """Wait for a job, then write one of its files to `path`, which appears once it is whole."""
    yield from wait(job, retries, timeout_s=timeout_s)
    begun = 0
    with whole_file(Path(path)) as file:
        while True:
            begun += 1
            try:
                yield from _download(result_call(job, index), file, retries)
            except NoConnectionError:
                pause = retries.pause(begun)
                if pause is None:
                    raise
                yield Sleep(pause)
            else:
                return Path(path)


def _download(call: Call, file: BinaryIO, retries: Retries) -> Steps[None]:
    checked((yield from answered(call, retries, OpenStream)))
    file.seek(0)
    file.truncate()
    while (chunk := (yield ReadChunk())) is not None:
        file.write(chunk)
    yield CloseStream()
