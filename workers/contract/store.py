"""Jobs in Redis: created once, moved from state to state atomically, announced to whoever listens.

A job is one hash. Every change goes through one Lua script that checks status and attempt first, so that the API, any
number of workers and reapers can act on the same job at the same time and exactly one of them wins.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast

import redis

from workers.contract import job_metrics
from workers.contract.bundle import BundleIdentity
from workers.contract.errors import IdempotencyConflictError, SupersededError, TooManyJobsError
from workers.contract.job_scripts import CREATE, HAS_FEW, TRANSITION
from workers.contract.jobs import JobRecord, JobStatus, Problem, Progress, Result
from workers.contract.kinds import JobRequest
from workers.contract.origin import UNKNOWN_ORIGIN, Origin
from workers.contract.queue_names import QueueName
from workers.contract.records import (
    ACTIVE,
    BATCHES,
    CALLBACKS_DUE,
    OWNERS,
    active_of,
    batch_key,
    flat,
    idempotency_name,
    job_key,
    jobs_of,
    new_job_fields,
    record_from_hash,
    unknown_job,
)
from workers.contract.redis_time import redis_time
from workers.contract.settings import Settings
from workers.contract.terms import ORDINARY, Terms
from workers.contract.warnings import JobWarning

_EVENTS = {JobStatus.RUNNING: "started", **dict.fromkeys(filter(lambda one: one.final, JobStatus), "completed")}
_FLEETING_TTL_S = 60  # a client that waited has its answer by then, or is gone


class JobStore:
    """All jobs of one Redis.

    Args:
        client: a Redis client that returns bytes (`connect`).
        settings: for the times to live.
    """

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._redis = client
        self._settings = settings
        self._create = client.register_script(CREATE)
        self._has_few = client.register_script(HAS_FEW)
        self._transition = client.register_script(TRANSITION)

    def create(
        self,
        request: JobRequest,
        owner: str,
        idempotency_key: str | None = None,
        origin: Origin = UNKNOWN_ORIGIN,
        lane: str | None = None,
        terms: Terms = ORDINARY,
    ) -> tuple[JobRecord, bool]:
        """Record a new job, or find the one that the same idempotency key made before.

        Args:
            request: what to do. Its JSON is the body that idempotent repeats are compared with.
            owner: whose job it is.
            idempotency_key: of the owner's choice; those of different owners never meet.
            origin: of the request that makes the job.
            lane: digest of the bundle that it is for; None where workers of any may take it. Repeats need not have it.
            terms: of the owner.

        Returns:
            The job and whether it is new. Only a new job is to be put into the queue.

        Raises:
            IdempotencyConflictError: the key was used for another request.
            TooManyJobsError: the owner has as many jobs as it may have at once.
        """
        job_id, now = uuid.uuid4().hex, redis_time(self._redis)
        fingerprint = hashlib.sha256(request.model_dump_json().encode()).hexdigest()
        fields = new_job_fields(request, owner, now, origin, lane, terms)
        oldest: float | str = now - self._settings.longest_life_s - (terms.retention_s or 0)
        if request.fleeting:
            fields["ttl"], oldest = _FLEETING_TTL_S, ""
        idempotency = [] if idempotency_key is None else [idempotency_name("job", owner, idempotency_key)]
        kept = terms.retention_s or self._settings.job_ttl_s
        answer = cast(
            list[bytes],
            self._create(
                keys=[job_key(job_id), ACTIVE, jobs_of(owner), active_of(owner), *idempotency],
                args=[job_id, fingerprint, kept, now, oldest, terms.jobs_at_once, job_key(""), *flat(fields)],
            ),
        )
        if not answer:
            raise _too_many(terms)
        found, known = answer
        if known.decode() != fingerprint:
            raise IdempotencyConflictError(
                "This Idempotency-Key came with another body before; repeat that body or use a new key."
            )
        return self.get(found.decode()), found.decode() == job_id

    def ensure_few(self, owner: str, terms: Terms) -> None:
        """Raise TooManyJobsError when the owner has as many jobs as it may have at once."""
        most = terms.jobs_at_once
        if most and not self._has_few(keys=[active_of(owner)], args=[most, job_key("")]):
            raise _too_many(terms)

    def knows(self, owner: str, idempotency_key: str) -> bool:
        """Whether the owner has made a job with this key before."""
        return bool(self._redis.exists(idempotency_name("job", owner, idempotency_key)))

    def get(self, job_id: str) -> JobRecord:
        """Read a job. Raises UnknownJobError when there is none or its record has expired."""
        raw = cast(dict[bytes, bytes], self._redis.hgetall(job_key(job_id)))
        return record_from_hash(job_id, raw)

    def get_all(self, job_ids: Iterable[str]) -> list[JobRecord]:
        """Read many jobs at once, in their order; those that are no longer there are left out."""
        wanted = list(job_ids)
        with self._redis.pipeline(transaction=False) as pipe:
            for job_id in wanted:
                pipe.hgetall(job_key(job_id))
            hashes = pipe.execute()
        return [record_from_hash(job_id, raw) for job_id, raw in zip(wanted, hashes, strict=True) if raw]

    def owned(self, job_id: str, owner: str) -> JobRecord:
        """Read a job for its owner. Raises UnknownJobError like `get`, also when the job is another's."""
        record = self.get(job_id)
        if record.owner != owner:
            raise unknown_job(job_id)
        return record

    def replace(self, job_id: str, request: JobRequest) -> bool:
        """Let a job that waits do something else, at its place in the queue. Returns False when it waits no more.

        Raises UnknownJobError when there is no such job.
        """
        try:
            self._move(job_id, {JobStatus.QUEUED}, None, {"request": request.model_dump_json()})
        except SupersededError:
            return False
        return True

    def complete(self, job_id: str, attempt: int, request: JobRequest) -> None:
        """Write down what a running job does, now that all of its files are here. Raises SupersededError."""
        self._move(job_id, {JobStatus.RUNNING}, attempt, {"request": request.model_dump_json()})

    def leave_lane(self, job_id: str, attempt: int) -> JobRecord:
        """Let workers of any bundle take a job that waits. Raises SupersededError when it waits no more."""
        self._move(job_id, {JobStatus.QUEUED}, attempt, {"lane": ""})
        return self.get(job_id)

    def active(self) -> list[str]:
        """Ids of all jobs that are queued or running, oldest first."""
        return [job_id.decode() for job_id in cast(list[bytes], self._redis.zrange(ACTIVE, 0, -1))]

    def longest_wait(self, job_ids: Iterable[str]) -> float:
        """Seconds that the job of these has waited which has waited longest; 0 when none is known."""
        with self._redis.pipeline(transaction=False) as pipe:
            for job_id in job_ids:
                pipe.hget(job_key(job_id), "queued_at")
            known = [float(moment) for moment in pipe.execute() if moment]
        return max(0.0, redis_time(self._redis) - min(known)) if known else 0.0

    def waited_s(self, record: JobRecord) -> float:
        """Seconds since a job was last put into the queue."""
        return max(0.0, redis_time(self._redis) - record.queued_at)

    def forget(self, job_id: str) -> None:
        """Drop a job's id from the active ones after its record has gone (an evicted or deleted key)."""
        self._redis.zrem(ACTIVE, job_id)

    def claim(
        self, job_id: str, attempt: int, worker: str, bundle: BundleIdentity, code_version: str | None = None
    ) -> JobRecord:
        """Take a queued job for a worker that has loaded `bundle`, and whose code has that version.

        Raises SupersededError when it is no longer there to be taken.
        """
        self._move(
            job_id,
            {JobStatus.QUEUED},
            attempt,
            {
                "status": JobStatus.RUNNING,
                "worker": worker,
                "bundle": bundle.model_dump_json(),
                "code_version": code_version or "",
                "started_at": redis_time(self._redis),
            },
        )
        record = self.get(job_id)
        job_metrics.count_wait(QueueName.of(long=record.long), self.waited_s(record))
        return record

    def report(self, job_id: str, attempt: int, progress: Progress) -> bool:
        """Store and announce progress. Returns whether cancellation was requested.

        Raises:
            SupersededError: the attempt no longer counts; stop working on it.
        """
        return self._move(job_id, {JobStatus.RUNNING}, attempt, {"progress": progress.model_dump_json()})

    def succeed(
        self,
        job_id: str,
        attempt: int,
        results: Mapping[str, Result],
        metrics: Mapping[str, float],
        progress: Progress,
        warnings: Iterable[JobWarning] = (),
        result_life_s: float | None = None,
    ) -> bool:
        """End a running job with its results, {blob key: result} in order, and its last progress.

        `result_life_s` is how long they are kept; None for as long as the settings say.

        Returns:
            False when cancellation was requested: then nothing has changed, and the job has to end as cancelled.
        """
        return not self._finish(
            job_id,
            attempt,
            JobStatus.SUCCEEDED,
            metrics,
            unless_cancelled=True,
            results=json.dumps([result.model_dump() for result in results.values()]),
            blobs=json.dumps(list(results)),
            result_expires_at=redis_time(self._redis) + (result_life_s or self._settings.result_ttl_s),
            progress=progress.model_dump_json(),
            warnings=_json(warnings),
        )

    def fail(
        self,
        job_id: str,
        attempt: int,
        problem: Problem,
        metrics: Mapping[str, float],
        warnings: Iterable[JobWarning] = (),
    ) -> None:
        """End a job with a problem. A queued job can fail too (it waited too long)."""
        self._finish(
            job_id,
            attempt,
            JobStatus.FAILED,
            metrics,
            code=problem.code,
            error=problem.model_dump_json(),
            warnings=_json(warnings),
        )

    def drop_results(self, job_id: str) -> None:
        """Have the results of a job that has ended count as expired."""
        ended = {status for status in JobStatus if status.final}
        self._move(job_id, ended, None, {"result_expires_at": 0})

    def end_cancelled(self, job_id: str, attempt: int, metrics: Mapping[str, float]) -> None:
        """End a running job whose cancellation was requested."""
        self._finish(job_id, attempt, JobStatus.CANCELLED, metrics)

    def cancel(self, job_id: str) -> JobRecord:
        """Ask for cancellation; idempotent. A queued job ends at once, a running one within one batch of frames."""
        while True:
            record = self.get(job_id)
            status = record.job.status
            if status.final or record.cancel_requested:
                return record
            try:
                if status is JobStatus.QUEUED:
                    self._finish(job_id, record.attempt, JobStatus.CANCELLED, {}, {JobStatus.QUEUED})
                else:
                    self._move(job_id, {JobStatus.RUNNING}, record.attempt, {"cancel": 1})
            except SupersededError:
                continue  # it moved on between reading and writing; look again

    def requeue(self, job_id: str, attempt: int, *, lost: bool) -> JobRecord:
        """Take a running job from its worker and make it wait again; the caller puts it into the queue.

        Args:
            lost: whether the worker died (counted against the job) rather than gave the job back.

        Raises:
            SupersededError: someone else has already dealt with this attempt.
        """
        losses = self.get(job_id).losses + int(lost)
        waiting = {
            "status": JobStatus.QUEUED,
            "attempt": attempt + 1,
            "losses": losses,
            "worker": "",
            "bundle": "",
            "code_version": "",
            "started_at": "",
            "queued_at": redis_time(self._redis),
            "progress": Progress().model_dump_json(),
        }
        self._move(job_id, {JobStatus.RUNNING}, attempt, waiting)
        job_metrics.count_requeue(lost=lost)
        return self.get(job_id)

    def _finish(
        self,
        job_id: str,
        attempt: int,
        status: JobStatus,
        metrics: Mapping[str, float],
        allowed: Iterable[JobStatus] = (JobStatus.QUEUED, JobStatus.RUNNING),
        unless_cancelled: bool = False,
        code: str = "",
        **fields: str | float,
    ) -> bool:
        finished = {"finished_at": redis_time(self._redis), "metrics": json.dumps(dict(metrics))}
        final = {"status": status, **finished, **fields}
        ttl = self._settings.job_ttl_s
        return self._move(job_id, allowed, attempt, final, ttl, unless_cancelled=unless_cancelled, code=code)

    def _move(
        self,
        job_id: str,
        allowed: Iterable[JobStatus],
        attempt: int | None,
        fields: Mapping[str, Any],
        ttl: int | None = None,
        *,
        unless_cancelled: bool = False,
        code: str = "",
    ) -> bool:
        """Change a job, whatever its attempt where that is None; `ttl` says that this is its end, which is counted.

        Returns:
            Whether it is to be cancelled.
        """
        number = "" if attempt is None else attempt
        answer = self._transition(
            keys=[job_key(job_id), ACTIVE, CALLBACKS_DUE, BATCHES],
            args=[
                *(job_id, f",{','.join(allowed)},", number, ttl or "", "1" * unless_cancelled),
                *(redis_time(self._redis), _EVENTS.get(fields["status"], "") if "status" in fields else ""),
                *(batch_key(""), OWNERS, *flat(fields)),
            ],
        )
        if answer is None:
            raise unknown_job(job_id)
        applied, status, current, cancel, kind, created_at = answer
        # A command repeated after a broken connection finds its own work done.
        repeated = ttl is not None and int(current) == attempt and status.decode() == fields["status"]
        kept = bool(cancel) and unless_cancelled and int(current) == attempt and status.decode() in allowed
        if not applied and not repeated and not kept:
            raise SupersededError(
                f"Attempt {attempt} at job {job_id} is over: the job is {status.decode()}, attempt {int(current)}."
            )
        if ttl is not None and (applied or repeated):
            seconds = max(0.0, redis_time(self._redis) - float(created_at))
            job_metrics.count_end(kind.decode(), status.decode(), code, seconds)
        return bool(cancel)


def _too_many(terms: Terms) -> TooManyJobsError:
    return TooManyJobsError(f"{terms.jobs_at_once} jobs may wait or run at once; try again when one has ended.")


def _json(warnings: Iterable[JobWarning]) -> str:
    return json.dumps([warning.model_dump(mode="json") for warning in warnings])
