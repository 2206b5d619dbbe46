"""Many jobs: those that there are, and batches of edits, each as steps."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from client.answers import parsed
from client.calls import FaceEdit, Fields, JobExtras, Media, described_extras, plain
from client.documents import Batch, Job, JobList
from client.flows import save_result, source_ids
from client.retries import Retries, answered
from client.steps import Call, Sleep, Steps

_PAGE = 100
_LOOK_S = 1.0

OnBatch = Callable[[Batch], object]
"""Called with a batch whenever it was looked at."""


class Edit(NamedTuple):
    """One edit of a batch. The same photo, given as the same object, is uploaded once."""

    photo: Media
    controls: Fields | None = None
    options: Fields | None = None
    metadata: Mapping[str, str] | None = None
    callback: str | Fields | None = None
    bundle: str | None = None
    faces: Sequence[FaceEdit] | None = None


def list_jobs(
    retries: Retries,
    kind: str | None,
    status: str | None,
    created_after: datetime | None,
    created_before: datetime | None,
    most: int | None,
) -> Steps[list[Job]]:
    """Ask for jobs, page after page."""
    moments = {"created_after": created_after, "created_before": created_before}
    query = {"kind": kind, "status": status} | {
        name: None if moment is None else moment.astimezone().isoformat() for name, moment in moments.items()
    }
    return (yield from _pages("/jobs", query, retries, most))


def create_batch(
    edits: Iterable[Edit], metadata: Mapping[str, str] | None, retries: Retries, key: str | None
) -> Steps[Batch]:
    """Upload what has to be uploaded, then send the edits."""
    given = list(edits)
    ids = yield from source_ids((edit.photo for edit in given), retries)
    bodies = [{"source_id": source_id, **_body(edit)} for edit, source_id in zip(given, ids, strict=True)]
    document = {"edits": bodies, "metadata": dict(metadata or {})}
    headers = {"Idempotency-Key": uuid.uuid4().hex if key is None else key}
    return parsed((yield from answered(Call("POST", "/batches", headers, document=document), retries)), Batch)


def read_batch(batch: Batch | str, retries: Retries) -> Steps[Batch]:
    """Ask for a batch."""
    return parsed((yield from answered(Call("GET", _path(batch)), retries)), Batch)


def cancel_batch(batch: Batch | str, retries: Retries) -> Steps[Batch]:
    """Cancel what is left of a batch."""
    return parsed((yield from answered(Call("DELETE", _path(batch)), retries)), Batch)


def wait_batch(batch: Batch | str, retries: Retries, on_progress: OnBatch | None) -> Steps[Batch]:
    """Wait until a batch has ended, however its edits went."""
    while True:
        seen = yield from read_batch(batch, retries)
        if on_progress is not None:
            on_progress(seen)
        if seen.finished_at is not None:
            return seen
        yield Sleep(_LOOK_S)


def batch_jobs(batch: Batch | str, retries: Retries) -> Steps[list[Job]]:
    """Ask for all jobs of a batch, in the order of its edits."""
    return (yield from _pages(f"{_path(batch)}/jobs", {}, retries, None))


def _pages(path: str, query: Mapping[str, Any], retries: Retries, most: int | None) -> Steps[list[Job]]:
    found: list[Job] = []
    cursor = None
    while most is None or len(found) < most:
        limit = _PAGE if most is None else min(_PAGE, most - len(found))
        given = {
            name: value for name, value in {**query, "limit": limit, "cursor": cursor}.items() if value is not None
        }
        page = parsed((yield from answered(Call("GET", f"{path}?{urlencode(given)}"), retries)), JobList)
        found += page.jobs
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def save_batch(batch: Batch | str, retries: Retries, folder: str | os.PathLike[str]) -> Steps[list[Path | None]]:
    """Wait for a batch, then fetch its results one by one."""
    yield from wait_batch(batch, retries, None)
    jobs = yield from batch_jobs(batch, retries)
    Path(folder).mkdir(parents=True, exist_ok=True)
    saved: list[Path | None] = []
    for place, job in enumerate(jobs):
        path = None
        if job.status == "succeeded" and job.result is not None:
            ending = job.result.media_type.rpartition("/")[2]
            path = yield from save_result(job, retries, Path(folder) / f"{place:04}.{ending}", 0, None)
        saved.append(path)
    return saved


def _body(edit: Edit) -> dict[str, Any]:
    """What an edit of a batch says beside its photo."""
    extras = JobExtras(metadata=edit.metadata, callback=edit.callback)
    documents = {"controls": edit.controls, "faces": edit.faces, "options": edit.options}
    fields = {**documents, **described_extras(extras)}
    given: dict[str, Any] = {name: plain(value) for name, value in fields.items() if value is not None}
    return given if edit.bundle is None else given | {"bundle": edit.bundle}


def _path(batch: Batch | str) -> str:
    return f"/batches/{quote(batch if isinstance(batch, str) else batch.id, safe='')}"
