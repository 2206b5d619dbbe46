"""Files that jobs of this process read, where they lie on the disk."""

import math
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO

from workers.contract.blobs import content_id
from workers.contract.errors import UnknownSourceError
from workers.contract.invalid_request import InvalidRequestError, InvalidSourceError
from workers.contract.jobs import FieldProblem
from workers.contract.media_type import MediaHeader, MediaKind, detect_media_type, media_kind
from workers.contract.motion_templates import MOTION_TEMPLATES
from workers.contract.sources import StoredSource
from workers.contract.text import cut

_DOCUMENT = MediaHeader(media_type="application/json")


class LocalFiles:
    """Files by the SHA-256 of their bytes; they are read in place, so nothing is copied before a job needs it.

    Args:
        max_pixels: most pixels accepted of a picture.
    """

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._known: dict[str, StoredSource] = {}

    def add(self, path: Path, kinds: Collection[MediaKind]) -> StoredSource:
        """Look at a file's header and remember it.

        Raises:
            EmptyFileError, UnsupportedMediaError, PictureTooLargeError: by its first bytes and header.
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            header, source_id = detect_media_type(file, self._max_pixels, kinds), content_id(file)
        source = StoredSource(
            id=source_id,
            bytes=path.stat().st_size,
            expires_at=math.inf,
            blob=str(path.absolute()),
            **header.model_dump(),
        )
        self._known[source_id] = source
        return source

    def named(self, field: str, source_id: str, kinds: Collection[MediaKind]) -> StoredSource:
        """A file that was added before, or a ready motion, by the id in a field of a request.

        Raises InvalidRequestError: there is none, or of another kind.
        """
        if "motion" in kinds and source_id in MOTION_TEMPLATES:
            return StoredSource(id=source_id, bytes=0, expires_at=math.inf, blob="", **_DOCUMENT.model_dump())
        try:
            source = self.get("", source_id)
        except UnknownSourceError as error:
            raise InvalidSourceError([FieldProblem(field=field, message=str(error))]) from error
        if media_kind(source.media_type, kinds) is None:
            message = f"names a file of type {source.media_type}; this request needs {' or '.join(kinds)}"
            raise InvalidRequestError([FieldProblem(field=field, message=message)])
        return source

    def get(self, owner: str, source_id: str) -> StoredSource:  # noqa: ARG002 - there is one
        """What is known of a file. Raises UnknownSourceError."""
        try:
            return self._known[source_id]
        except KeyError:
            raise UnknownSourceError(f"There is no file {cut(source_id)} here; give its path.") from None

    def use(self, owner: str, source_id: str, life_s: int | None = None) -> StoredSource:  # noqa: ARG002 - they stay
        """As `get`."""
        return self.get(owner, source_id)

    def open(self, owner: str, source_id: str) -> IO[bytes]:
        """Open a file; the caller closes it. Raises UnknownSourceError, OSError."""
        return Path(self.get(owner, source_id).blob).open("rb")

    def fetch(self, owner: str, source_id: str, path: Path, check: Callable[[], None]) -> None:
        """Copy a file. Raises like `open`, and what `check` raises."""
        check()
        shutil.copyfile(self.get(owner, source_id).blob, path)
