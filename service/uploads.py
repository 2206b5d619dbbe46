"""The media of a request: files that come with it, or the id of a source uploaded before."""

import io
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from redis import RedisError

from service.backend import Backend
from service.errors import InvalidRequestError, InvalidSourceError
from service.intake import Submission, check_size
from service.settings import ApiSettings
from workers.contract.errors import ServiceError, SourceExpiredError, UnknownSourceError
from workers.contract.jobs import FieldProblem
from workers.contract.sniff import PICTURE, MediaKind, is_audio, is_video, kind_of, sniff
from workers.contract.sources import Source

log = logging.getLogger(__name__)

SEEN: tuple[MediaKind, ...] = ("picture", "video")
DRIVER: tuple[MediaKind, ...] = ("picture", "video", "motion")
AUDIO: tuple[MediaKind, ...] = ("audio", "video")
POSE: tuple[MediaKind, ...] = ("motion", "video")

_NAMES: Mapping[MediaKind, str] = {
    "picture": "a picture",
    "video": "a video",
    "motion": "a document of POST /extract",
    "audio": "a sound",
}


def source_of(backend: Backend, owner: str, submission: Submission, kinds: Collection[MediaKind] = PICTURE) -> Source:
    """Store the submitted source, or look up the submitted id; either starts the source's time to live anew.

    Raises:
        InvalidRequestError: neither of the two, both, or an id that names nothing, or something of no fitting kind.
        BodyTooLargeError, EmptyFileError, UnsupportedMediaError, PictureTooLargeError: by the file's size, first bytes
            and header.
        StorageFullError: no space left.
    """
    source_id = submission.texts.get("source_id")
    if source_id is None:
        if "source" not in submission.files:
            message = "is missing; send a file or name an uploaded one with source_id"
            raise InvalidRequestError([FieldProblem(field="source", message=message)])
        return store(backend, owner, submission, "source", kinds)
    if "source" in submission.files:
        raise InvalidRequestError([FieldProblem(field="source_id", message="send source or source_id, not both")])
    try:
        source = backend.sources.use(owner, source_id)
    except (UnknownSourceError, SourceExpiredError) as error:
        raise InvalidSourceError([FieldProblem(field="source_id", message=str(error))]) from error
    if kind_of(source.media_type, kinds) is None:
        message = f"names a file of type {source.media_type}; this request needs {_listed(kinds)}"
        if kind_of(source.media_type, SEEN) == "video":
            message += "; POST /reenact edits the face in a video"
        raise InvalidRequestError([FieldProblem(field="source_id", message=message)])
    return source


def store(backend: Backend, owner: str, submission: Submission, field: str, kinds: Collection[MediaKind]) -> Source:
    """Store the file of a field. Raises like `source_of`."""
    file = _file(backend, submission, field, kinds)
    with _about(field):
        source = backend.sources.add(owner, file, kinds)
    if source.new:
        submission.stored.append(source)
    return source


def drop(backend: Backend, owner: str, submission: Submission) -> None:
    """Forget what was stored for a request that is refused after all, unless another one uses it by now."""
    for source in submission.stored:
        try:
            backend.sources.discard(owner, source)
        except (RedisError, OSError) as error:
            log.warning("an upload of a refused request stays until it expires: %s", error)


def kind_of_file(backend: Backend, submission: Submission, field: str, kinds: Collection[MediaKind]) -> MediaKind:
    """What the file of a field is, without storing it. Raises like `source_of`."""
    file = _file(backend, submission, field, kinds)
    with _about(field):
        kind = kind_of(sniff(file, backend.settings.max_pixels, kinds).media_type, kinds)
    assert kind is not None, "sniff refuses everything else"
    return kind


def kind_of_source(backend: Backend, owner: str, submission: Submission, kinds: Collection[MediaKind]) -> MediaKind:
    """What the submitted source is, or that of the submitted id, without storing it. Raises like `source_of`."""
    if "source" in submission.files:
        return kind_of_file(backend, submission, "source", kinds)
    kind = kind_of(source_of(backend, owner, submission, kinds).media_type, kinds)
    assert kind is not None, "source_of refuses everything else"
    return kind


def _file(backend: Backend, submission: Submission, field: str, kinds: Collection[MediaKind]) -> BinaryIO:
    file = submission.files.get(field)
    if file is None:
        message = f"is missing; send {_listed(kinds)} as a file"
        raise InvalidRequestError([FieldProblem(field=field, message=message)])
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    check_size(field, size, _most_bytes(backend.settings, file, kinds))
    return file


def _most_bytes(settings: ApiSettings, file: BinaryIO, kinds: Collection[MediaKind]) -> int:
    if "video" in kinds and is_video(file):
        return settings.max_video_bytes
    if "audio" in kinds and is_audio(file):
        return settings.max_audio_bytes
    return settings.max_upload_bytes


def _listed(kinds: Collection[MediaKind]) -> str:
    return " or ".join(_NAMES[kind] for kind in kinds)


@contextmanager
def _about(field: str) -> Iterator[None]:
    """Errors of the media's checks name the field that the file came in."""
    try:
        yield
    except ServiceError as error:
        if error.field == "source":
            error.field = field
        raise
