"""An owner's jobs, newest first, a page at a time."""

import base64
import binascii
from dataclasses import dataclass
from typing import cast

import redis

from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.records import job_key, jobs_of, record_from_hash

_Entry = tuple[float, str]
"""When a job was created, seconds since the epoch, and its id."""

_CHUNK = 100
MOST_LOOKED_AT = 2000
"""Jobs that one page looks at: where few of them fit, it may have fewer than its limit, and the next goes on."""


class BadCursorError(ValueError):
    """A cursor that no page gave."""


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are wanted; None: any.

    Attributes:
        created_after, created_before: seconds since the epoch; the first itself counts, the second does not.
    """

    kind: str | None = None
    status: JobStatus | None = None
    created_after: float | None = None
    created_before: float | None = None


@dataclass(frozen=True)
class JobPage:
    """Some jobs, and the cursor of the next page; None when this is the last."""

    records: list[JobRecord]
    cursor: str | None


class JobListing:
    """Reads the index that the store keeps of every owner's jobs."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def page(self, owner: str, wanted: JobFilter, limit: int, cursor: str | None = None) -> JobPage:
        """The newest jobs that fit, after those of the cursor's page. Raises BadCursorError."""
        entries = self._entries(owner, wanted, cursor)
        found: list[JobRecord] = []
        for first in range(0, min(len(entries), MOST_LOOKED_AT), _CHUNK):
            chunk = entries[first : first + _CHUNK]
            for place, ((_, job_id), raw) in enumerate(zip(chunk, self._read(owner, chunk), strict=True), first + 1):
                if raw is not None and _fits(raw, wanted):
                    found.append(record_from_hash(job_id, raw))
                if len(found) == limit:
                    return JobPage(found, _written(entries[place - 1]) if place < len(entries) else None)
        more = len(entries) > MOST_LOOKED_AT
        return JobPage(found, _written(entries[MOST_LOOKED_AT - 1]) if more else None)

    def _entries(self, owner: str, wanted: JobFilter, cursor: str | None) -> list[_Entry]:
        """When jobs of the wanted time were created, and their ids, newest first."""
        newest: float | str = "+inf" if wanted.created_before is None else f"({wanted.created_before!r}"
        oldest: float | str = "-inf" if wanted.created_after is None else wanted.created_after
        before = None if cursor is None else _parsed(cursor)
        if before is not None and (wanted.created_before is None or before[0] < wanted.created_before):
            newest = before[0]
        ids = cast(
            list[tuple[bytes, float]],
            self._redis.zrevrangebyscore(
                jobs_of(owner), newest, oldest, start=0, num=2 * MOST_LOOKED_AT, withscores=True
            ),
        )
        entries = [(score, job_id.decode()) for job_id, score in ids]
        return [entry for entry in entries if before is None or entry < before]

    def _read(self, owner: str, entries: list[_Entry]) -> list[dict[bytes, bytes] | None]:
        """The jobs' hashes; None for those whose record has gone, which then leave the index too."""
        with self._redis.pipeline(transaction=False) as pipe:
            for _, job_id in entries:
                pipe.hgetall(job_key(job_id))
            hashes = [raw if b"status" in raw else None for raw in pipe.execute()]
        gone = [job_id for (_, job_id), raw in zip(entries, hashes, strict=True) if raw is None]
        if gone:
            self._redis.zrem(jobs_of(owner), *gone)
        return hashes


def _fits(raw: dict[bytes, bytes], wanted: JobFilter) -> bool:
    return (wanted.kind is None or raw[b"kind"].decode() == wanted.kind) and (
        wanted.status is None or raw[b"status"].decode() == wanted.status
    )


def _written(entry: _Entry) -> str:
    created, job_id = entry
    return base64.urlsafe_b64encode(f"{created!r}:{job_id}".encode()).decode().rstrip("=")


def _parsed(cursor: str) -> _Entry:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        created, _, job_id = text.partition(":")
        return float(created), job_id
    except (binascii.Error, ValueError) as error:
        raise BadCursorError from error
