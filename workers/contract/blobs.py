"""Media outside of Redis: one fsspec file system (a folder, S3, …) that the API and all workers reach."""

import hashlib
import uuid
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import IO, BinaryIO, cast

import fsspec
import redis
from fsspec import AbstractFileSystem

from workers.contract.errors import MissingPackageError, StorageFullError, is_full
from workers.contract.keys import key
from workers.contract.redis_time import redis_time

_CHUNK = 2**20
_S3 = "s3"  # its signed addresses can say the type; a blob itself has none
EXPIRY = key("blobs", "expiry")
SEARCHED = key("blobs", "searched")
_SEARCH_EVERY_S = 3600
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}  # of this project, by protocol
SOURCES, RESULTS, MOTIONS = "sources", "results", "motions"
FOLDERS = (SOURCES, RESULTS, MOTIONS)
"""Of the store; in each, files lie under their owner."""

_PARTS = "parts"  # files that are still being written
_AT_ONCE = 500  # keys of one command

# KEYS: expiry set. ARGV: blob key, now. Takes the blob off the list only if nobody has extended its life meanwhile.
_TAKE_EXPIRED = """
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if due and tonumber(due) <= tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
"""

# KEYS: expiry set. ARGV: blob key, time of expiry. A blob that has been taken off the list is lost.
_EXTEND = """
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
return 1
"""


class BlobStore:
    """Files by key (`sources/…`, `results/…`, `motions/…`), each with a time to live that Redis remembers.

    A key is written once and never again, so that writing, extending and sweeping need no lock: what a sweep is about
    to delete nobody writes. A file store belongs to one Redis; what that does not know is deleted in the end.

    Args:
        url: fsspec URL or path of the root folder.
        client: a Redis client that returns bytes (`connect`).

    Raises:
        MissingPackageError: the URL's kind of file system is in a package that is not installed.
    """

    def __init__(self, url: str, client: "redis.Redis") -> None:
        self._fs, self._root = open_file_system(url)
        self._redis = client
        self._take_expired = client.register_script(_TAKE_EXPIRED)
        self._extend = client.register_script(_EXTEND)

    def put(self, key: str, data: BinaryIO, ttl_s: float, check: Callable[[], None] | None = None) -> int:
        """Write a blob from a file at its position; it appears whole or not at all.

        Args:
            key: one that was never used before.
            data: the file.
            ttl_s: seconds to live.
            check: called every now and then; what it raises ends the work, and nothing is stored.

        Returns:
            Its size in bytes.

        Raises:
            StorageFullError: no space left.
        """
        # The life is noted before the bytes are there: a crash in between leaves nothing that is never deleted.
        self._redis.zadd(EXPIRY, {key: redis_time(self._redis) + ttl_s})
        part, whole = self._path(f"{_PARTS}/{uuid.uuid4().hex}"), False
        try:
            for path in (part, self._path(key)):
                self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._fs.open(part, "wb") as file:
                while chunk := data.read(_CHUNK):
                    file.write(chunk)
                    if check is not None:
                        check()
                size = file.tell()
            self._fs.mv(part, self._path(key))
            whole = True
        except OSError as error:
            if is_full(error):
                raise StorageFullError("The storage has no space left; try again later.") from error
            raise
        finally:
            if not whole:
                self._remove(part)
        return int(size)

    def open(self, key: str) -> IO[bytes]:
        """Open a blob for reading; the caller closes it. Raises FileNotFoundError."""
        return cast(IO[bytes], self._fs.open(self._path(key), "rb"))

    def exists(self, key: str) -> bool:
        """Whether the blob is there."""
        return bool(self._fs.exists(self._path(key)))

    def size(self, key: str) -> int:
        """The blob's size in bytes. Raises FileNotFoundError."""
        return int(self._fs.size(self._path(key)))

    def signed_url(self, key: str, life_s: int, *, media_type: str, disposition: str) -> str | None:
        """An address at which the store itself gives the blob, for so many seconds; None where it signs none.

        Args:
            media_type, disposition: the Content-Type and Content-Disposition that it answers with.
        """
        if _S3 not in (self._fs.protocol, *self._fs.protocol):
            return None
        headers = {"ResponseContentType": media_type, "ResponseContentDisposition": disposition}
        return str(self._fs.sign(self._path(key), expiration=life_s, **headers))

    def extend(self, key: str, ttl_s: float) -> bool:
        """Let the blob live for at least `ttl_s` more seconds. Returns False when it is too late for that."""
        return bool(self._extend(keys=[EXPIRY], args=[key, redis_time(self._redis) + ttl_s]))

    def delete(self, key: str) -> None:
        """Delete the blob; nothing happens when it is not there."""
        self._redis.zrem(EXPIRY, key)
        self._remove(self._path(key))

    def delete_all(self, folder: str) -> int:
        """Delete all blobs below a folder. Returns how many there were."""
        self._fs.invalidate_cache()
        paths = self._fs.find(self._path(folder))
        for path in paths:
            self.delete(path.removeprefix(f"{self._root}/"))
        return len(paths)

    def sweep(self) -> int:
        """Delete all blobs that have outlived their time. Safe to run anywhere, any number of times.

        Returns:
            How many were deleted by this call.
        """
        now, deleted = redis_time(self._redis), 0
        for raw in cast(list[bytes], self._redis.zrangebyscore(EXPIRY, "-inf", now)):
            if self._take_expired(keys=[EXPIRY], args=[raw, now]):
                self._remove(self._path(raw.decode()))
                deleted += 1
        return deleted

    def sweep_unknown(self, grace_s: float) -> int:
        """Give the blobs that Redis does not know `grace_s` more seconds to live, and delete half-written files as old.

        A crash leaves such files, and so does a Redis that lost its data; that may come back before their time is over.
        Safe to run anywhere and as often as wanted: of all callers, one searches, once an hour.

        Returns:
            How many blobs were unknown.
        """
        every = max(1, min(_SEARCH_EVERY_S, int(grace_s)))
        if not self._redis.set(SEARCHED, 1, nx=True, ex=every):
            return 0
        self._fs.invalidate_cache()  # object stores remember their listings
        self._sweep_parts(grace_s)
        paths = (path for folder in FOLDERS for path in self._fs.find(self._path(folder)))
        unknown = 0
        while some := list(islice(paths, _AT_ONCE)):
            life = {path.removeprefix(f"{self._root}/"): redis_time(self._redis) + grace_s for path in some}
            unknown += cast(int, self._redis.zadd(EXPIRY, life, nx=True))
        return unknown

    def _sweep_parts(self, older_than_s: float) -> None:
        root = self._path(_PARTS)
        for info in self._fs.ls(root, detail=True) if self._fs.isdir(root) else []:
            if redis_time(self._redis) - self._fs.modified(info["name"]).timestamp() > older_than_s:
                self._remove(info["name"])

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(path)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def open_file_system(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system that a URL names, and the path of its root in there. Raises MissingPackageError."""
    try:
        return cast(tuple[AbstractFileSystem, str], fsspec.core.url_to_fs(url))
    except (ImportError, ValueError) as error:  # a package that is missing, or a protocol that nobody knows
        protocol = url.partition("://")[0]
        extra = _EXTRAS.get(protocol)
        what = f'pip install "pirenderer-service[{extra}]"' if extra else str(error)
        raise MissingPackageError(
            f"PORTRAIT_STORAGE_URL begins with {protocol}://, which needs a package: {what}"
        ) from None


def content_id(data: BinaryIO) -> str:
    """SHA-256 of a file's bytes in hexadecimal; leaves the file at its beginning."""
    data.seek(0)
    digest = hashlib.sha256()
    while chunk := data.read(_CHUNK):
        digest.update(chunk)
    data.seek(0)
    return digest.hexdigest()
