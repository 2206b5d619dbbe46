"""Uploaded photos and videos: an owner's same file is stored once, and expires after its last use."""

import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, cast

import redis
from pydantic import Field

from workers.contract.blobs import EXPIRY, SOURCES, BlobStore, content_id
from workers.contract.contract_model import ContractModel
from workers.contract.errors import SourceExpiredError, UnknownSourceError
from workers.contract.media_type import PICTURE, MediaHeader, MediaKind, detect_media_type
from workers.contract.records import source_key
from workers.contract.redis_time import redis_time
from workers.contract.settings import Settings
from workers.contract.text import cut

_CHUNK = 2**20
# How long it is remembered that a source existed, so that an expired source is not mistaken for a wrong id.
_MEMORY_S = 7 * 24 * 3600


# KEYS: source, expiry set of blobs. ARGV: the source as its only user knows it, blob key.
_DISCARD = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
"""


# KEYS: source. ARGV: what it was ('' for nothing), what it is to be, seconds to live. Who comes second finds the first.
_REPLACE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class StoredSource(ContractModel):
    """One stored upload. `id` is the SHA-256 of its bytes; `expires_at` in seconds since the epoch.

    The size in pixels is None for what is no picture.

    Attributes:
        blob: key of its bytes in the blob store; a file that is stored again gets another one.
        apart: whether it was uploaded by itself, to be named later, and not only as a part of a request.
        new: whether it was stored just now, and not known before.
    """

    id: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    expires_at: float
    blob: str
    apart: bool = True
    new: bool = Field(default=False, exclude=True)


class Sources(Protocol):
    """What the tasks need of the registry."""

    def get(self, owner: str, source_id: str) -> StoredSource:
        """As `SourceRegistry.get`."""

    def use(self, owner: str, source_id: str, life_s: int | None = None) -> StoredSource:
        """As `SourceRegistry.use`."""

    def open(self, owner: str, source_id: str) -> IO[bytes]:
        """As `SourceRegistry.open`."""

    def fetch(self, owner: str, source_id: str, path: Path, check: Callable[[], None]) -> None:
        """As `SourceRegistry.fetch`."""


class SourceRegistry:
    """What is known of every source; the bytes are in the blob store.

    Owners share nothing, not even the bytes of the same file: deleting one's own takes it from nobody else, and really
    deletes it.
    """

    def __init__(self, client: "redis.Redis", blobs: BlobStore, settings: Settings) -> None:
        self._redis = client
        self._blobs = blobs
        self._settings = settings
        self._replace = client.register_script(_REPLACE)
        self._discard = client.register_script(_DISCARD)

    def add(self, owner: str, data: BinaryIO, kinds: Collection[MediaKind] = PICTURE) -> StoredSource:
        """Check a file's header and store it, or extend the life of the same file stored before.

        Args:
            owner: whose it is.
            data: a seekable binary file.
            kinds: what it may be.

        Raises:
            EmptyFileError, UnsupportedMediaError, PictureTooLargeError: by its first bytes and header.
            StorageFullError: no space left.
        """
        return self.store(owner, data, detect_media_type(data, self._settings.max_pixels, kinds))

    def store(
        self, owner: str, data: BinaryIO, header: MediaHeader, life_s: int | None = None, *, apart: bool = True
    ) -> StoredSource:
        """Store a file whose header is known, or extend the life of the same file. Raises StorageFullError.

        `life_s` is how long it is kept; None for as long as the settings say. `apart`: see `StoredSource`.
        """
        source_id = content_id(data)
        found: dict[str, Any] = {"media_type": header.media_type, "width": header.width, "height": header.height}
        if apart:  # and stays so, however it is sent later
            found["apart"] = True
        life = life_s or self._settings.source_ttl_s
        known, before = self._known(owner, source_id, life, found)
        if known is not None:
            return known
        blob = f"{SOURCES}/{owner}/{source_id}-{uuid.uuid4().hex}"
        size = self._blobs.put(blob, data, life)
        fields = {"apart": False} | found
        source = StoredSource(
            id=source_id, bytes=size, expires_at=redis_time(self._redis) + life, blob=blob, new=True, **fields
        )
        while not self._replaced(owner, before, source):
            known, before = self._known(owner, source_id, life, found)
            if known is not None:  # the same file came twice at once
                self._blobs.delete(blob)
                return known
        return source

    def get(self, owner: str, source_id: str) -> StoredSource:
        """Look up a source of the owner. Raises UnknownSourceError, or SourceExpiredError after its time."""
        source, _ = self._read(owner, source_id)
        if source is None:
            raise UnknownSourceError(f"There is no source {cut(source_id)}; upload it with POST /sources.")
        if source.expires_at <= redis_time(self._redis):
            raise SourceExpiredError(f"Source {source_id} has expired or was deleted; upload it again.")
        return source

    def use(self, owner: str, source_id: str, life_s: int | None = None) -> StoredSource:
        """Look up a source for a job and start its time to live anew, as long as in `store`. Raises like `get`."""
        self.get(owner, source_id)
        source, _ = self._known(owner, source_id, life_s or self._settings.source_ttl_s)
        if source is None:
            raise _no_longer_stored(source_id)
        return source

    def open(self, owner: str, source_id: str) -> IO[bytes]:
        """Open a source's bytes; the caller closes them. Raises like `get`."""
        source = self.get(owner, source_id)
        try:
            return self._blobs.open(source.blob)
        except FileNotFoundError as error:
            raise _no_longer_stored(source_id) from error

    def fetch(self, owner: str, source_id: str, path: Path, check: Callable[[], None]) -> None:
        """Copy a source's bytes into a file; `check` is called in between. Raises like `open`, and what it raises."""
        with self.open(owner, source_id) as file, path.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                copy.write(chunk)
                check()

    def delete(self, owner: str, source_id: str) -> None:
        """Delete a source; jobs that have not read it yet will fail with source_expired. Raises like `get`."""
        while True:
            source = self.get(owner, source_id)
            if self._replaced(owner, source.model_dump_json(), self._expired(source)):
                return self._blobs.delete(source.blob)

    def discard(self, owner: str, source: StoredSource) -> bool:
        """Forget a new source for which there is no use after all, unless somebody has found one for it meanwhile.

        Returns:
            Whether it is gone.
        """
        mine = source.model_dump_json()
        if not self._discard(keys=[source_key(owner, source.id), EXPIRY], args=[mine, source.blob]):
            return False
        self._blobs.delete(source.blob)
        return True

    def _known(
        self, owner: str, source_id: str, life: int, found: Mapping[str, Any] | None = None
    ) -> tuple[StoredSource | None, str]:
        """A source with its time to live begun anew; None when its bytes have to be stored. Beside it, what Redis says.

        Args:
            life: seconds that it is to be kept from now on.
            found: what else is to be written down of it.
        """
        while True:
            source, raw = self._read(owner, source_id)
            if source is None or source.expires_at <= redis_time(self._redis):
                return None, raw
            renewed = source.model_copy(update={**(found or {}), "expires_at": redis_time(self._redis) + life})
            # Written before the blob is checked: a `discard` then sees another user, or has dropped the blob already.
            if self._replaced(owner, raw, renewed):
                if self._blobs.extend(source.blob, life) and self._blobs.exists(source.blob):
                    return renewed, raw
                self._replaced(owner, renewed.model_dump_json(), self._expired(source))

    def _read(self, owner: str, source_id: str) -> tuple[StoredSource | None, str]:
        raw = cast(bytes | None, self._redis.get(source_key(owner, source_id)))
        return (None, "") if raw is None else (StoredSource.model_validate_json(raw), raw.decode())

    def _expired(self, source: StoredSource) -> StoredSource:
        return source.model_copy(update={"expires_at": redis_time(self._redis)})

    def _replaced(self, owner: str, before: str, source: StoredSource) -> bool:
        """Write a source down, unless somebody else has written another thing than `before`. Returns whether it was."""
        life = int(max(0.0, source.expires_at - redis_time(self._redis)) + _MEMORY_S)
        return bool(self._replace(keys=[source_key(owner, source.id)], args=[before, source.model_dump_json(), life]))


def _no_longer_stored(source_id: str) -> SourceExpiredError:
    return SourceExpiredError(f"Source {source_id} is no longer stored; upload it again.")
