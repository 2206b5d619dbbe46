"""The job store on a real Redis: one winner for every transition, whoever else tries."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import BUNDLE
from tests.integration.workers.conftest import service_of
from workers.contract.errors import (
    IdempotencyConflictError,
    JobTimeoutError,
    QueueFullError,
    SupersededError,
    UnknownJobError,
)
from workers.contract.jobs import JobStatus, Problem, Progress, Result
from workers.contract.kinds.edit import EditOptions, EditRequest
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.records import job_key

if TYPE_CHECKING:
    import redis

    from tests.integration.workers.conftest import Service
    from workers.contract.settings import Settings

pytestmark = pytest.mark.integration

REQUEST = EditRequest(source_id="0" * 64)
RESULT = Result(url="/jobs/x/result", media_type="image/png", width=1, height=1, space="arkit")
DONE = Progress(done=1, total=1, stage="done")


def created(service: Service) -> str:
    """A new job's id."""
    return service.store.create(REQUEST, ANONYMOUS)[0].job.id


def test_a_new_job_is_queued_and_active(service: Service) -> None:
    record, new = service.store.create(REQUEST, ANONYMOUS)
    assert new
    assert record.job.status is JobStatus.QUEUED
    assert record.request == REQUEST
    assert record.job.id in service.store.active()


def test_a_jobs_life(service: Service) -> None:
    job = created(service)
    assert service.store.claim(job, 1, "worker", BUNDLE).job.started_at is not None
    assert service.store.report(job, 1, Progress(done=1, total=2, stage="render")) is False
    service.store.succeed(job, 1, {"results/a": RESULT}, {"render_s": 0.5}, DONE)

    record = service.store.get(job)
    assert record.job.status is JobStatus.SUCCEEDED
    assert record.job.result == RESULT
    assert record.job.results == []
    assert record.job.metrics == {"render_s": 0.5}
    assert record.job.finished_at is not None
    assert record.blobs == ["results/a"]
    assert record.result_expires_at is not None
    assert job not in service.store.active()


def test_several_results_are_listed(service: Service) -> None:
    job = created(service)
    service.store.claim(job, 1, "worker", BUNDLE)
    service.store.succeed(job, 1, {"results/a": RESULT, "results/b": RESULT}, {}, DONE)
    assert service.store.get(job).job.results == [RESULT, RESULT]


def test_only_one_of_many_workers_gets_a_job(service: Service) -> None:
    job = created(service)

    def claim(worker: int) -> bool:
        try:
            service.store.claim(job, 1, f"worker-{worker}", BUNDLE)
        except SupersededError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(24))) == 1


def test_the_same_key_makes_one_job_however_many_ask_at_once(service: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: service.store.create(REQUEST, ANONYMOUS, "key of a client"), range(24)))
    assert len({record.job.id for record, _ in answers}) == 1
    assert sum(new for _, new in answers) == 1


def test_the_same_key_with_another_body_is_refused(service: Service) -> None:
    service.store.create(REQUEST, ANONYMOUS, "another key")
    other = REQUEST.model_copy(update={"options": EditOptions(label=True)})
    with pytest.raises(IdempotencyConflictError):
        service.store.create(other, ANONYMOUS, "another key")


def test_an_attempt_that_was_taken_away_changes_nothing(service: Service) -> None:
    job = created(service)
    service.store.claim(job, 1, "slow worker", BUNDLE)
    assert service.store.requeue(job, 1, lost=True).attempt == 2
    service.store.claim(job, 2, "other worker", BUNDLE)

    with pytest.raises(SupersededError):
        service.store.report(job, 1, Progress(done=9, total=9))
    with pytest.raises(SupersededError):
        service.store.succeed(job, 1, {"results/late": RESULT}, {}, DONE)
    with pytest.raises(SupersededError):
        service.store.requeue(job, 1, lost=True)
    record = service.store.get(job)
    assert (record.job.status, record.worker, record.blobs) == (JobStatus.RUNNING, "other worker", [])


def test_an_end_that_is_written_twice_is_no_error(service: Service) -> None:
    job = created(service)
    service.store.claim(job, 1, "worker", BUNDLE)
    problem = Problem.of(JobTimeoutError("too slow"))
    for _ in range(2):  # the answer to the first was lost with the connection
        service.store.fail(job, 1, problem, {})
    assert service.store.get(job).job.error == problem


def test_a_queued_job_is_cancelled_at_once(service: Service) -> None:
    job = created(service)
    assert service.store.cancel(job).job.status is JobStatus.CANCELLED
    assert service.store.cancel(job).job.status is JobStatus.CANCELLED
    with pytest.raises(SupersededError):
        service.store.claim(job, 1, "worker", BUNDLE)


def test_a_running_job_is_requested_to_stop(service: Service) -> None:
    job = created(service)
    service.store.claim(job, 1, "worker", BUNDLE)
    assert service.store.cancel(job).cancel_requested
    assert service.store.report(job, 1, Progress()) is True
    service.store.end_cancelled(job, 1, {})
    assert service.store.cancel(job).job.status is JobStatus.CANCELLED


def test_what_is_unknown_or_has_expired_is_unknown(service: Service, client: redis.Redis, settings: Settings) -> None:
    brief = service_of(settings.model_copy(update={"job_ttl_s": 1}), client)
    job = created(brief)
    brief.store.cancel(job)
    time.sleep(1.2)
    for gone in (job, "no-such-job"):
        with pytest.raises(UnknownJobError):
            brief.store.get(gone)
        with pytest.raises(UnknownJobError):
            brief.store.cancel(gone)


def test_a_full_queue_turns_jobs_away(service: Service, client: redis.Redis, settings: Settings) -> None:
    client.flushall()  # jobs of the tests before may still be in line
    small = service_of(settings.model_copy(update={"max_queued": 1}), client)
    small.queue.ensure_room(ANONYMOUS)
    job = small.submit("0" * 64)
    with pytest.raises(QueueFullError):
        small.queue.ensure_room(ANONYMOUS)
    small.queue.remove(small.store.cancel(job))
    small.queue.ensure_room(ANONYMOUS)


def test_a_job_that_waits_may_do_something_else_instead(service: Service) -> None:
    first, newer, too_late = (PreviewRequest(source_id="0" * 64, seq=seq) for seq in (1, 2, 3))
    job = service.store.create(first, ANONYMOUS)[0].job.id
    assert service.store.replace(job, newer)
    assert service.store.claim(job, 1, "worker", BUNDLE).request == newer
    assert not service.store.replace(job, too_late)
    assert service.store.get(job).request == newer
    again = service.store.requeue(job, 1, lost=True)
    assert again.attempt == 2
    assert service.store.replace(job, too_late), "it waits again"
    with pytest.raises(UnknownJobError):
        service.store.replace("nothing", newer)


def test_a_preview_is_forgotten_before_other_jobs(service: Service, client: redis.Redis) -> None:
    preview = service.store.create(PreviewRequest(source_id="0" * 64, seq=1), ANONYMOUS)[0].job.id
    job = created(service)
    for ended in (preview, job):
        service.store.claim(ended, 1, "worker", BUNDLE)
        service.store.succeed(ended, 1, {"results/a": RESULT}, {}, DONE)
    assert client.ttl(job_key(preview)) <= 60
    assert client.ttl(job_key(job)) > 3600
