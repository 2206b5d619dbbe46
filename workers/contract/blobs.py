"""Media outside of Redis: one fsspec file system (a folder, S3, …) that the API and all workers reach."""

import errno
import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, cast

import fsspec
import redis

from workers.contract.errors import StorageFullError

_CHUNK = 2**20
_LOCK_S = 600.0  # longer than any upload to a slow store; a crash inside leaves the key locked for as long
_EXPIRY = "portrait:blobs:expiry"
_PARTS = "parts"  # files that are still being written
_FULL = {errno.ENOSPC, errno.EDQUOT}

# KEYS: expiry set. ARGV: blob key, now. Takes the blob off the list only if nobody has extended its life meanwhile.
_TAKE_EXPIRED = """
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if due and tonumber(due) <= tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
"""


class BlobStore:
    """Files by key (`sources/…`, `results/…`), each with a time to live that Redis remembers.

    Args:
        url: fsspec URL or path of the root folder.
        client: a Redis client that returns bytes (`connect`).
    """

    def __init__(self, url: str, client: "redis.Redis") -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._redis = client
        self._take_expired = client.register_script(_TAKE_EXPIRED)

    def put(self, key: str, data: BinaryIO, ttl_s: float) -> int:
        """Write a blob from a file at its position; it appears whole or not at all.

        Returns:
            Its size in bytes.

        Raises:
            StorageFullError: no space left.
        """
        # The life is noted before the bytes are there: a crash in between leaves nothing that is never deleted.
        with self._locked(key):
            self.extend(key, ttl_s)
            part = self._path(f"{_PARTS}/{uuid.uuid4().hex}")
            try:
                for path in (part, self._path(key)):
                    self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                with self._fs.open(part, "wb") as file:
                    while chunk := data.read(_CHUNK):
                        file.write(chunk)
                    size = file.tell()
                self._fs.mv(part, self._path(key))
            except OSError as error:
                if self._fs.exists(part):
                    self._fs.rm_file(part)
                if error.errno in _FULL:
                    raise StorageFullError("The storage has no space left; try again later.") from error
                raise
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

    def extend(self, key: str, ttl_s: float) -> None:
        """Let the blob live for at least `ttl_s` more seconds."""
        self._redis.zadd(_EXPIRY, {key: time.time() + ttl_s}, gt=True)

    def delete(self, key: str) -> None:
        """Delete the blob; nothing happens when it is not there."""
        with self._locked(key):
            self._redis.zrem(_EXPIRY, key)
            self._remove(key)

    def sweep(self) -> int:
        """Delete all blobs that have outlived their time. Safe to run anywhere, any number of times.

        Returns:
            How many were deleted by this call.
        """
        now, deleted = time.time(), 0
        for raw in cast(list[bytes], self._redis.zrangebyscore(_EXPIRY, "-inf", now)):
            key = raw.decode()
            with self._locked(key):
                if self._take_expired(keys=[_EXPIRY], args=[key, now]):
                    self._remove(key)
                    deleted += 1
        return deleted

    def sweep_parts(self, older_than_s: float = 24 * 3600) -> None:
        """Delete half-written files that a crash left behind."""
        root = self._path(_PARTS)
        for info in self._fs.ls(root, detail=True) if self._fs.isdir(root) else []:
            if time.time() - self._fs.modified(info["name"]).timestamp() > older_than_s:
                self._remove(f"{_PARTS}/{info['name'].rsplit('/', 1)[-1]}")

    def _remove(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._path(key))

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        # Without it, a sweep could delete a content-addressed blob that an upload has just found present.
        with self._redis.lock(f"portrait:blobs:lock:{key}", timeout=_LOCK_S, blocking_timeout=_LOCK_S):
            yield

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def content_id(data: BinaryIO) -> str:
    """SHA-256 of a file's bytes in hexadecimal; leaves the file at its beginning."""
    data.seek(0)
    digest = hashlib.sha256()
    while chunk := data.read(_CHUNK):
        digest.update(chunk)
    data.seek(0)
    return digest.hexdigest()
