"""Uploaded photos and videos: an owner's same file is stored once, and expires after its last use."""

import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO, BinaryIO, cast

import redis

from workers.contract.blobs import BlobStore, content_id
from workers.contract.document import Document
from workers.contract.errors import SourceExpiredError, UnknownSourceError
from workers.contract.settings import Settings
from workers.contract.sniff import PICTURE, MediaKind, sniff
from workers.contract.text import ID_LENGTH, cut

# How long it is remembered that a source existed, so that its loss is told from a wrong id.
_MEMORY_S = 7 * 24 * 3600


class Source(Document):
    """One stored upload. `id` is the SHA-256 of its bytes; `expires_at` in seconds since the epoch.

    The size in pixels is None for what is no picture.
    """

    id: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    expires_at: float


class SourceRegistry:
    """What is known of every source; the bytes are in the blob store.

    Owners share nothing, not even the bytes of the same file: deleting one's own takes it from nobody else, and really
    deletes it.
    """

    def __init__(self, client: "redis.Redis", blobs: BlobStore, settings: Settings) -> None:
        self._redis = client
        self._blobs = blobs
        self._settings = settings

    def add(self, owner: str, data: BinaryIO, kinds: Collection[MediaKind] = PICTURE) -> Source:
        """Check a file's header and store it, or extend the life of the same file stored before.

        Args:
            owner: whose it is.
            data: a seekable binary file.
            kinds: what it may be.

        Raises:
            EmptyFileError, UnsupportedMediaError, PictureTooLargeError: by its first bytes and header.
            StorageFullError: no space left.
        """
        header = sniff(data, self._settings.max_pixels, kinds)
        source_id = content_id(data)
        size = self._blobs.put(_blob(owner, source_id), data, self._settings.source_ttl_s)
        source = Source(
            id=source_id,
            media_type=header.media_type,
            bytes=size,
            width=header.width,
            height=header.height,
            expires_at=time.time() + self._settings.source_ttl_s,
        )
        self._save(owner, source)
        return source

    def get(self, owner: str, source_id: str) -> Source:
        """Look up a source of the owner. Raises UnknownSourceError, or SourceExpiredError after its time."""
        raw = cast(bytes | None, self._redis.get(_key(owner, source_id)))
        if raw is None:
            raise UnknownSourceError(f"There is no source {cut(source_id)}; upload it with POST /sources.")
        source = Source.model_validate_json(raw)
        if source.expires_at <= time.time():
            raise SourceExpiredError(f"Source {source_id} has expired or was deleted; upload it again.")
        return source

    def use(self, owner: str, source_id: str) -> Source:
        """Look up a source for a job and start its time to live anew. Raises like `get`."""
        source = self.get(owner, source_id)
        self._blobs.extend(_blob(owner, source_id), self._settings.source_ttl_s)
        source = source.model_copy(update={"expires_at": time.time() + self._settings.source_ttl_s})
        self._save(owner, source)
        return source

    def open(self, owner: str, source_id: str) -> IO[bytes]:
        """Open a source's bytes; the caller closes them. Raises like `get`."""
        self.get(owner, source_id)
        try:
            return self._blobs.open(_blob(owner, source_id))
        except FileNotFoundError as error:
            raise SourceExpiredError(f"Source {source_id} is no longer stored; upload it again.") from error

    def fetch(self, owner: str, source_id: str, path: Path) -> None:
        """Copy a source's bytes into a file. Raises like `open`."""
        with self.open(owner, source_id) as file, path.open("wb") as copy:
            shutil.copyfileobj(file, copy)

    def delete(self, owner: str, source_id: str) -> None:
        """Delete a source; jobs that have not read it yet will fail with source_expired. Raises like `get`."""
        source = self.get(owner, source_id)
        self._blobs.delete(_blob(owner, source_id))
        self._save(owner, source.model_copy(update={"expires_at": time.time()}))

    def _save(self, owner: str, source: Source) -> None:
        life = int(max(0.0, source.expires_at - time.time()) + _MEMORY_S)
        self._redis.set(_key(owner, source.id), source.model_dump_json(), ex=life)


def _key(owner: str, source_id: str) -> str:
    return f"portrait:source:{owner}:{cut(source_id, ID_LENGTH)}"  # clients send all kinds of ids


def _blob(owner: str, source_id: str) -> str:
    return f"sources/{owner}/{source_id}"
