"""Erasing on request: the media of one job, or everything of an owner's."""

from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import redis

from workers.contract.blobs import FOLDERS, BlobStore
from workers.contract.cancelling import cancel_job
from workers.contract.contract_model import ContractModel
from workers.contract.erasure_notices import ErasureNotices
from workers.contract.errors import SourceExpiredError, UnknownJobError, UnknownSourceError
from workers.contract.jobs import JobRecord
from workers.contract.kinds import JobRequest, RemoteRequest
from workers.contract.kinds.common import RequestFields
from workers.contract.queue import JobQueue
from workers.contract.records import (
    ACTIVE,
    BATCHES,
    CALLBACKS_DUE,
    CALLED_EVENTS,
    active_of,
    batch_keys,
    batches_of,
    job_key,
    jobs_of,
    motions_of,
    patterns_of,
)
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore

_AT_ONCE = 500


def sources_of(request: JobRequest) -> set[str]:
    """Ids of all stored files that a request names."""
    if isinstance(request, RemoteRequest):
        return set(request.ids_here)
    named = (getattr(request, name) for name in type(request).model_fields if name.endswith("_id"))
    inside = request.named_files().values() if isinstance(request, RequestFields) else ()
    return {value for value in named if isinstance(value, str)} | {source_id for source_id, _ in inside}


class Erased(ContractModel):
    """How much of an owner's was erased. `files` counts what was stored: uploads, results, and the motions' own."""

    jobs: int
    batches: int
    motions: int
    files: int


class Eraser:
    """Deletes for good: bytes, records and indices. What lies in backups and logs it does not reach."""

    def __init__(
        self, client: "redis.Redis", store: JobStore, queue: JobQueue, blobs: BlobStore, sources: SourceRegistry
    ) -> None:
        self._redis, self._store, self._queue = client, store, queue
        self._blobs, self._sources, self._notices = blobs, sources, ErasureNotices(client)

    def erase_media(self, record: JobRecord) -> None:
        """Delete the results of a job that has ended, and the files that came with its request.

        What was uploaded apart stays, and so does a file that another job of the owner's still needs.
        """
        for blob in record.blobs:
            self._blobs.delete(blob)
        self._store.drop_results(record.job.id)
        for source_id in sources_of(record.request) - self._needed(record.owner):
            with suppress(UnknownSourceError, SourceExpiredError):
                if not self._sources.get(record.owner, source_id).apart:
                    self.erase_source(record.owner, source_id)

    def erase_source(self, owner: str, source_id: str) -> None:
        """Delete a source, also from the memory of workers. Raises UnknownSourceError, SourceExpiredError."""
        self._sources.delete(owner, source_id)
        self._notices.write(owner, source_id)

    def erase_owner(self, owner: str) -> Erased:
        """Delete everything of an owner's. What it sends meanwhile may stay."""
        batches = [found.decode() for found in cast(set[bytes], self._redis.smembers(batches_of(owner)))]
        for batch_id in batches:
            self._redis.delete(*batch_keys(batch_id))  # first, so that nobody feeds it
            self._redis.zrem(BATCHES, batch_id)
        job_ids = self._job_ids(owner)
        for first in range(0, len(job_ids), _AT_ONCE):
            self._erase_jobs(job_ids[first : first + _AT_ONCE])
        motions = self._redis.hlen(motions_of(owner))
        files = sum(self._blobs.delete_all(f"{folder}/{owner}") for folder in FOLDERS)
        self._redis.delete(jobs_of(owner), active_of(owner), batches_of(owner), motions_of(owner))
        for pattern in patterns_of(owner):
            for name in self._redis.scan_iter(match=pattern, count=1000):
                self._redis.delete(name)
        self._notices.write(owner)
        return Erased(jobs=len(job_ids), batches=len(batches), motions=motions, files=files)

    def _erase_jobs(self, job_ids: Sequence[str]) -> None:
        records = self._store.get_all(job_ids)
        for record in records:
            with suppress(UnknownJobError):  # its time was over meanwhile
                cancel_job(self._store, self._queue, record.job.id)
        with self._redis.pipeline() as pipe:
            for job_id in job_ids:
                pipe.delete(job_key(job_id))
                pipe.zrem(ACTIVE, job_id)
                pipe.zrem(CALLBACKS_DUE, *(f"{job_id}:{event}" for event in CALLED_EVENTS))
            pipe.execute()

    def _job_ids(self, owner: str) -> list[str]:
        listed = cast(list[bytes], self._redis.zrange(jobs_of(owner), 0, -1))
        return [found.decode() for found in {*listed, *self._active(owner)}]

    def _active(self, owner: str) -> set[bytes]:
        return cast(set[bytes], self._redis.smembers(active_of(owner)))

    def _needed(self, owner: str) -> set[str]:
        """Sources that jobs of an owner's, which have not ended, will read."""
        active = self._store.get_all(job_id.decode() for job_id in self._active(owner))
        return {source_id for record in active for source_id in sources_of(record.request)}
