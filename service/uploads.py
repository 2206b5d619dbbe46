"""The media of a request: files that come with it, or the id of a source uploaded before."""

import io
import json
import logging
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from redis import RedisError

from service.backend import Backend
from service.intake import Submission, check_size, id_field, url_field
from service.keys.tenant import Tenant
from workers.contract.errors import ServiceError, SourceExpiredError, UnknownMotionError, UnknownSourceError
from workers.contract.fetching import fetch_policy
from workers.contract.file_size import most_bytes
from workers.contract.invalid_request import InvalidRequestError, InvalidSourceError
from workers.contract.jobs import FieldProblem
from workers.contract.media_type import (
    PICTURE,
    VISUAL,
    MediaHeader,
    MediaKind,
    detect_media_type,
    media_kind,
)
from workers.contract.motion_names import is_motion_name
from workers.contract.motion_templates import MOTION_TEMPLATES
from workers.contract.sources import StoredSource

log = logging.getLogger(__name__)

_NAMES: Mapping[MediaKind, str] = {
    "picture": "a picture",
    "video": "a video",
    "motion": "a document of POST /extract",
    "audio": "a sound",
}
_JSON = MediaHeader(media_type="application/json")


@dataclass(frozen=True)
class Uploads:
    """The files of one request, checked and stored for its tenant; each file's header is read once.

    Every method raises:
        InvalidRequestError: a file is missing, or comes with the id of another, or the id names nothing, or something
            of no fitting kind.
        BodyTooLargeError, EmptyFileError, UnsupportedMediaError, PictureTooLargeError: by a file's size, first bytes
            and header.
        StorageFullError: no space left.

    Attributes:
        accepted: what the file of each field may be.
        apart: whether the files are uploaded to be named later, and not as parts of a request for a job.
        stored: sources that were made of the files, and that nobody knew before.
    """

    backend: Backend
    tenant: Tenant
    submission: Submission
    accepted: Mapping[str, Collection[MediaKind]]
    apart: bool = False
    stored: list[StoredSource] = field(default_factory=list)
    _headers: dict[str, MediaHeader] = field(default_factory=dict)

    def sent(self, name: str) -> bool:
        """Whether there is a file in this field, or an uploaded one by its id, or one that is elsewhere."""
        return name in self.submission.files or id_field(name) in self.submission.texts or name in self.urls

    @property
    def urls(self) -> dict[str, str]:
        """Where files are that a worker is to fetch, by the field that they would have come in."""
        texts = self.submission.texts
        return {name: texts[url_field(name)] for name in self.accepted if url_field(name) in texts}

    def check_urls(self) -> None:
        """Raise InvalidRequestError where one may not be fetched, or comes beside the file itself."""
        settings, problems = self.backend.settings, []
        policy = fetch_policy(settings)
        for name, url in self.urls.items():
            if name in self.submission.files or id_field(name) in self.submission.texts:
                message = f"send one of {name}, {id_field(name)} and {url_field(name)}"
                problems.append(FieldProblem(field=url_field(name), message=message))
            problems += [FieldProblem(field=url_field(name), message=fault) for fault in policy.faults(url)]
        if problems:
            raise InvalidRequestError(problems)

    def add_document(self, name: str, document: Any) -> None:
        """Take a JSON document that came inside of another field as the file of this one."""
        if self.sent(name):
            raise InvalidRequestError([FieldProblem(field=name, message=f"send {name} or options.{name}, not both")])
        self.submission.files[name] = io.BytesIO(json.dumps(document).encode())
        self._headers[name] = _JSON

    def kinds(self, name: str) -> tuple[MediaKind, ...]:
        """What the file of a field is, without storing it; of one that is named by its id, what that is.

        One that is elsewhere may be whatever is accepted.
        """
        if name in self.urls:
            return tuple(self.accepted[name])
        media_type = (self._named(name) or self._header(name)).media_type
        found = media_kind(media_type, self.accepted[name])
        assert found is not None, "the header is of an accepted kind"
        return (found,)

    def store(self, name: str) -> StoredSource:
        """Store the file of a field, or look up its id; either starts the time to live anew."""
        source = self._named(name)
        if source is not None:
            return source
        header = self._header(name)
        with _naming(name):
            source = self.backend.sources.store(
                self.tenant.name, self.submission.files[name], header, self.tenant.retention_s, apart=self.apart
            )
        if source.new:
            self.stored.append(source)
        return source

    def use(self, field: str, source_id: str, kinds: Collection[MediaKind]) -> StoredSource:
        """Look up the id in a field of an uploaded file of some kinds; its time to live starts anew.

        The name of a motion, be it shipped or stored, stands for a document.
        """
        try:
            if "motion" in kinds and is_motion_name(source_id):
                return self._motion(source_id)
            source = self.backend.sources.use(self.tenant.name, source_id, self.tenant.retention_s)
        except (UnknownSourceError, SourceExpiredError, UnknownMotionError) as error:
            raise InvalidSourceError([FieldProblem(field=field, message=str(error))]) from error
        if media_kind(source.media_type, kinds) is None:
            message = f"names a file of type {source.media_type}; this request needs {_listed(kinds)}"
            if field == id_field("source") and media_kind(source.media_type, VISUAL) == "video":
                message += "; POST /reenact edits the face in a video"
            raise InvalidRequestError([FieldProblem(field=field, message=message)])
        return source

    def _motion(self, name: str) -> StoredSource:
        """A motion as if its document had been uploaded; its time to live starts anew. Raises UnknownMotionError."""
        expires_at = math.inf
        if name not in MOTION_TEMPLATES:
            expires_at = self.backend.motions.use(self.tenant.name, name, self.tenant.retention_s).expires_at
        return StoredSource(
            id=name,
            media_type=_JSON.media_type,
            bytes=0,
            width=None,
            height=None,
            expires_at=expires_at,
            blob="",
        )

    def drop(self) -> None:
        """Forget what was stored for a request that is refused after all, unless another one uses it by now."""
        for source in self.stored:
            try:
                self.backend.sources.discard(self.tenant.name, source)
            except (RedisError, OSError) as error:
                log.warning("an upload of a refused request stays until it expires: %s", error)

    def _named(self, name: str) -> StoredSource | None:
        """The uploaded file that stands for a field's; None where no id is given."""
        named = id_field(name)
        source_id = self.submission.texts.get(named)
        if source_id is None:
            return None
        if name in self.submission.files:
            raise InvalidRequestError([FieldProblem(field=named, message=f"send {name} or {named}, not both")])
        return self.use(named, source_id, self.accepted[name])

    def _header(self, name: str) -> MediaHeader:
        """Check the size of the file of a field, and read its header. A document's header is known."""
        kinds = self.accepted[name]
        file = self.submission.files.get(name)
        if file is None:
            message = f"is missing; send {_listed(kinds)} as a file, or name an uploaded one with {id_field(name)}"
            raise InvalidRequestError([FieldProblem(field=name, message=message)])
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        check_size(name, size, most_bytes(self.backend.settings, file, kinds))
        if name not in self._headers:
            with _naming(name):
                self._headers[name] = detect_media_type(file, self.backend.settings.max_pixels, kinds)
        return self._headers[name]


def named_photo(backend: Backend, tenant: Tenant, source_id: str) -> StoredSource:
    """A tenant's uploaded photo by its id; its time to live starts anew. Raises as `Uploads` does."""
    return Uploads(backend, tenant, Submission(texts={"source_id": source_id}), {"source": PICTURE}).store("source")


def _listed(kinds: Collection[MediaKind]) -> str:
    return " or ".join(_NAMES[kind] for kind in kinds)


@contextmanager
def _naming(field: str) -> Iterator[None]:
    """Errors of the media's checks name the field that the file came in."""
    try:
        yield
    except ServiceError as error:
        if error.field == "source":
            error.field = field
        raise
