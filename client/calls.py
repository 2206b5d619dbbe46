"""Requests of the service, built from what the caller gives."""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict
from urllib.parse import quote

from client.documents import Job, NamedMotion, Problem, Source
from client.errors import ProblemError
from client.steps import Call, FileContent


class SourceId(str):
    """The id of a file that was uploaded before, as `Source.id` has it."""

    __slots__ = ()


class FileUrl(str):
    """Where a file is, for a worker to fetch it: `https`, on a host that the service's operator has listed.

    Only requests for a job take it: an edit of a batch, a face of several and `LocalPortrait` do not.
    """

    __slots__ = ()


FileMedia = str | os.PathLike[str] | bytes | BinaryIO
"""A file: its path, its bytes, or an open binary file."""

Uploaded = Source | SourceId | NamedMotion
"""What stands for a file since it was uploaded, or stored as a motion."""

Media = FileMedia | Uploaded | FileUrl
"""A file, or what stands for it."""

ExtractFormat = Literal["json", "npz", "obj"]

Fields = Mapping[str, Any]
"""`controls` or `options`, as the API's documentation names them."""


class FaceEdit(TypedDict, total=False):
    """One face of a photo, and what is to be changed in it.

    Attributes:
        face: its number, as `faces` counts; 0, the largest, without.
        controls: as those of the whole request.
    """

    face: int
    controls: Fields


class FaceMotion(FaceEdit, total=False):
    """One face of a photo that a driver moves.

    Attributes:
        driver: its own; without, it is the request's.
    """

    driver: Media


class JobExtras(TypedDict, total=False):
    """What every request for a job may have beside its media, controls and options.

    Attributes:
        metadata: notes of the caller's own, which come back with the job.
        callback: a URL to be called when the job has ended, or the API's `callback`.
        bundle: the weights that are to do it: NAME, NAME:VERSION or NAME:DIGEST of `bundles`.
        idempotency_key: 1 to 255 characters; drawn without.
    """

    metadata: Mapping[str, str] | None
    callback: str | Fields | None
    bundle: str | None
    idempotency_key: str | None


def job_call(
    route: str,
    media: Mapping[str, Media | None],
    documents: Mapping[str, Fields | Sequence[Fields] | None],
    extras: JobExtras,
) -> Call:
    """A request that makes a job.

    However often it is sent, it makes one: it carries a key of its own.

    Args:
        route: such as `/edit`.
        media: files by form field; None where there is none.
        documents: JSON documents by form field; None where there is none.
    """
    elsewhere = {f"{name}_url": str(file) for name, file in media.items() if isinstance(file, FileUrl)}
    apart = Uploaded | FileUrl
    sent = {name: file for name, file in media.items() if file is not None and not isinstance(file, apart)}
    files = {name: content(file) for name, file in sent.items()}
    named = {f"{name}_id": source_id(file) for name, file in media.items() if isinstance(file, Uploaded)}
    described = {**documents, **described_extras(extras)}
    texts = {name: json.dumps(plain(document)) for name, document in described.items() if document is not None}
    chosen, key = extras.get("bundle"), extras.get("idempotency_key")
    bundle = {} if chosen is None else {"bundle": chosen}
    headers = {"Idempotency-Key": uuid.uuid4().hex if key is None else key}
    return Call("POST", route, headers, files, named | elsewhere | bundle | texts)


def plain(document: Fields | Sequence[Fields]) -> dict[str, Any] | list[Any]:
    """A document, or a list of them, of dicts and lists, which JSON knows."""
    return dict(document) if isinstance(document, Mapping) else [dict(one) for one in document]


def described_extras(extras: JobExtras) -> dict[str, Fields | None]:
    """The JSON documents among the extras, by field."""
    callback = extras.get("callback")
    called = {"url": callback} if isinstance(callback, str) else callback
    return {"metadata": extras.get("metadata"), "callback": called}


def upload_call(file: FileMedia) -> Call:
    """A request that uploads a file; the same bytes are the same source, however often they come."""
    return Call("POST", "/sources", files={"source": content(file)})


def edit_call(
    photo: Media,
    controls: Fields | None,
    faces: Sequence[FaceEdit] | None,
    options: Fields | None,
    extras: JobExtras,
) -> Call:
    """A request that edits the face in a photo, or some of its faces."""
    documents = {"controls": controls, "faces": faces, "options": options}
    return job_call("/edit", {"source": photo}, documents, extras)


def reenact_call(
    photo: Media,
    driver: Media,
    controls: Fields | None,
    faces: Sequence[Fields] | None,
    options: Fields | None,
    extras: JobExtras,
) -> Call:
    """A request that puts a driver's motion on a photo or video; of several faces, own drivers are given by ids."""
    documents = {"controls": controls, "faces": faces, "options": options}
    return job_call("/reenact", {"source": photo, "driver": driver}, documents, extras)


def talk_call(
    photo: Media,
    audio: Media | None,
    pose: Media | None,
    controls: Fields | None,
    options: Fields | None,
    extras: JobExtras,
) -> Call:
    """A request that makes a photo talk."""
    documents = {"controls": controls, "options": options}
    return job_call("/talk", {"source": photo, "audio": audio, "pose": pose}, documents, extras)


def extract_call(media: Media, written_as: ExtractFormat, options: Fields | None, extras: JobExtras) -> Call:
    """A request that reads coefficients."""
    return job_call(f"/extract?format={written_as}", {"source": media}, {"options": options}, extras)


def faces_call(photo: Media, extras: JobExtras) -> Call:
    """A request that looks at the faces of a photo."""
    return job_call("/faces", {"source": photo}, {}, extras)


def job_path(job: Job | str) -> str:
    """Where a job is."""
    return f"/jobs/{quote(job if isinstance(job, str) else job.id, safe='')}"


def result_call(job: Job | str, index: int) -> Call:
    """A request for one of a job's files."""
    return Call("GET", f"{job_path(job)}/result?index={index}")


def source_id(source: Uploaded | str) -> str:
    """The id of an uploaded file, or the name of a motion."""
    return str(source) if isinstance(source, str) else source.id


def source_path(source: Source | str) -> str:
    """Where an uploaded file is."""
    return f"/sources/{quote(source_id(source), safe='')}"


def content(file: FileMedia) -> FileContent:
    """The file in a form that can be sent more than once.

    An open file is read at once, from where it stands. Raises OSError when a path cannot be read.
    """
    if isinstance(file, FileUrl):
        detail = f"{file} is not fetched for this: save it as a file first, and give that."
        raise ProblemError(Problem(status=422, code="invalid_request", detail=detail))
    if isinstance(file, bytes):
        return file
    if isinstance(file, str | os.PathLike):
        path = Path(file)
        with path.open("rb"):  # now, and not in the middle of a request
            return path
    return file.read()


def opened(file: FileContent) -> BinaryIO:
    """A file to be sent, at its beginning."""
    return file.open("rb") if isinstance(file, Path) else io.BytesIO(file)
