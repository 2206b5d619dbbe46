"""Stored motions: an owner's own drivers by name, each with its document and sound, kept since their last use.

The records of an owner's motions are one Redis hash; documents and sounds are in the blob store. A motion owns both, so
it outlives the upload and the job that it was made of.
"""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol, cast

import redis

from workers.contract.blobs import MOTIONS, BlobStore
from workers.contract.errors import MotionExistsError, MotionsFullError, UnknownMotionError
from workers.contract.motion_scripts import KEEP, RENEW, TAKE
from workers.contract.records import motions_of
from workers.contract.redis_time import redis_time
from workers.contract.settings import Settings
from workers.contract.stored_motion import MotionFacts, StoredMotion
from workers.contract.text import cut

_CHUNK = 2**20


class Motions(Protocol):
    """What the tasks need of the library."""

    def add(
        self,
        owner: str,
        name: str,
        facts: MotionFacts,
        document: Path,
        sound: Path | None,
        *,
        job: str,
        attempt: int,
        life_s: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> StoredMotion:
        """As `MotionLibrary.add`."""

    def ensure_free(self, owner: str, name: str, job: str | None = None) -> None:
        """As `MotionLibrary.ensure_free`."""

    def get(self, owner: str, name: str) -> StoredMotion:
        """As `MotionLibrary.get`."""

    def open(self, owner: str, name: str) -> IO[bytes]:
        """As `MotionLibrary.open`."""

    def fetch_sound(self, owner: str, name: str, path: Path, check: Callable[[], None]) -> bool:
        """As `MotionLibrary.fetch_sound`."""

    def take_back(self, owner: str, motion: StoredMotion) -> None:
        """As `MotionLibrary.take_back`."""


class MotionLibrary:
    """All stored motions. Owners never meet: two may use the same name."""

    def __init__(self, client: "redis.Redis", blobs: BlobStore, settings: Settings) -> None:
        self._redis, self._blobs, self._settings = client, blobs, settings
        self._keep = client.register_script(KEEP)
        self._renew = client.register_script(RENEW)
        self._take = client.register_script(TAKE)

    def add(
        self,
        owner: str,
        name: str,
        facts: MotionFacts,
        document: Path,
        sound: Path | None,
        *,
        job: str,
        attempt: int,
        life_s: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> StoredMotion:
        """Store a motion. One that an earlier attempt at the same job stored is replaced.

        Args:
            document: its file, JSON.
            sound: a FLAC file that begins with it, if it has one.
            life_s: how long it is kept without being used; None for as long as the settings say.
            check: called every now and then while files are written; what it raises ends the work.

        Raises:
            MotionExistsError: the owner has one of this name.
            MotionsFullError: the owner has as many, or as large ones, as it may have.
            StorageFullError: no space left.
        """
        self.ensure_free(owner, name, job)
        life, now = life_s or self._settings.motion_ttl_s, redis_time(self._redis)
        folder, written = f"{MOTIONS}/{owner}/{name}-{uuid.uuid4().hex}", dict[str, int]()
        kept = False
        try:
            for path in filter(None, (document, sound)):
                key = f"{folder}{path.suffix}"
                with path.open("rb") as file:
                    written[key] = 0
                    written[key] = self._blobs.put(key, file, life, check)
            keys = list(written)
            motion = StoredMotion(
                name=name,
                facts=facts,
                created_at=now,
                expires_at=now + life,
                bytes=sum(written.values()),
                document=keys[0],
                sound=keys[1] if sound else None,
                job=job,
                attempt=attempt,
            )
            self._put(owner, motion, life)
            kept = True
        finally:
            if not kept:
                for key in written:
                    self._blobs.delete(key)
        return motion

    def ensure_free(self, owner: str, name: str, job: str | None = None) -> None:
        """Raise MotionExistsError or MotionsFullError where a new motion of this name would be refused."""
        motions = {motion.name: motion for motion in self.all(owner)}
        if name in motions and motions[name].job != job:
            raise _exists(name)
        settings = self._settings
        others = [motion for motion in motions.values() if motion.name != name]
        if len(others) >= settings.max_motions:
            raise _full(f"{settings.max_motions} motions")
        if sum(motion.bytes for motion in others) >= settings.max_motion_bytes:
            raise _full(f"motions of {settings.max_motion_bytes:,} bytes")

    def all(self, owner: str) -> list[StoredMotion]:
        """An owner's motions, by name."""
        found = cast(dict[bytes, bytes], self._redis.hgetall(motions_of(owner)))
        motions = [StoredMotion.model_validate_json(raw) for raw in found.values()]
        now = redis_time(self._redis)
        return sorted((one for one in motions if one.expires_at > now), key=lambda one: one.name)

    def get(self, owner: str, name: str) -> StoredMotion:
        """Look up a motion of the owner's. Raises UnknownMotionError."""
        return self._read(owner, name)[0]

    def use(self, owner: str, name: str, life_s: int | None = None) -> StoredMotion:
        """Look up a motion and start its time to live anew, as long as in `add`. Raises UnknownMotionError."""
        life = life_s or self._settings.motion_ttl_s
        while True:
            motion, raw = self._read(owner, name)
            renewed = motion.model_copy(update={"expires_at": redis_time(self._redis) + life})
            if self._renew(keys=[motions_of(owner)], args=[name, raw, renewed.model_dump_json(), life]):
                break
        blobs = [key for key in (motion.document, motion.sound) if key is not None]
        if not all(self._blobs.extend(key, life) and self._blobs.exists(key) for key in blobs):
            self.delete(owner, name)
            raise unknown_motion(name)
        return renewed

    def open(self, owner: str, name: str) -> IO[bytes]:
        """Open a motion's document; the caller closes it. Raises UnknownMotionError."""
        return self._opened(name, self.get(owner, name).document)

    def fetch_sound(self, owner: str, name: str, path: Path, check: Callable[[], None]) -> bool:
        """Copy a motion's sound into a file; `check` is called in between. Raises UnknownMotionError.

        Returns:
            False where it has none.
        """
        key = self.get(owner, name).sound
        if key is None:
            return False
        with self._opened(name, key) as file, path.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                copy.write(chunk)
                check()
        return True

    def delete(self, owner: str, name: str) -> None:
        """Delete a motion. Jobs that have not read it yet will fail. Raises UnknownMotionError."""
        while True:
            motion, raw = self._read(owner, name)
            if self._take(keys=[motions_of(owner)], args=[name, raw]):
                return self._drop(motion)

    def take_back(self, owner: str, motion: StoredMotion) -> None:
        """Delete a motion that an attempt stored which is lost, unless another attempt has stored it since."""
        try:
            found, raw = self._read(owner, motion.name)
        except UnknownMotionError:
            return
        same = (found.job, found.attempt) == (motion.job, motion.attempt)
        if same and self._take(keys=[motions_of(owner)], args=[motion.name, raw]):
            self._drop(found)

    def _put(self, owner: str, motion: StoredMotion, life: int) -> None:
        settings = self._settings
        verdict, replaced = cast(
            tuple[bytes, bytes | None],
            self._keep(
                keys=[motions_of(owner)],
                args=[
                    *(motion.name, motion.model_dump_json(), motion.job, motion.bytes, redis_time(self._redis)),
                    *(settings.max_motions, settings.max_motion_bytes, life),
                ],
            ),
        )
        if verdict == b"exists":
            raise _exists(motion.name)
        if verdict == b"count":
            raise _full(f"{settings.max_motions} motions")
        if verdict == b"bytes":
            raise _full(f"motions of {settings.max_motion_bytes:,} bytes")
        if replaced:
            self._drop(StoredMotion.model_validate_json(replaced))

    def _read(self, owner: str, name: str) -> tuple[StoredMotion, str]:
        raw = cast(bytes | None, self._redis.hget(motions_of(owner), cut(name)))
        motion = None if raw is None else StoredMotion.model_validate_json(raw)
        if raw is None or motion is None or motion.expires_at <= redis_time(self._redis):
            raise unknown_motion(name)
        return motion, raw.decode()

    def _opened(self, name: str, key: str) -> IO[bytes]:
        try:
            return self._blobs.open(key)
        except FileNotFoundError as error:
            raise unknown_motion(name) from error

    def _drop(self, motion: StoredMotion) -> None:
        for key in (motion.document, motion.sound):
            if key is not None:
                self._blobs.delete(key)


def unknown_motion(name: str) -> UnknownMotionError:
    """The error for a motion that is not there, or is another's: nobody learns which."""
    return UnknownMotionError(f"There is no motion {cut(name)}; GET /motions lists those there are.")


def _exists(name: str) -> MotionExistsError:
    return MotionExistsError(f"There is a motion {name} already; choose another name, or delete that one first.")


def _full(what: str) -> MotionsFullError:
    return MotionsFullError(f"At most {what} may be stored; delete some with DELETE /motions/NAME.")
