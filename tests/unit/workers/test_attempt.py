"""What an attempt reports, and when it stops."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import redis

from workers.attempt import Attempt, Deadline, GivenBack, JobCancelled
from workers.contract.errors import JobTimeoutError
from workers.contract.jobs import Job, JobRecord, JobStatus, Progress
from workers.contract.kinds.edit import EditRequest
from workers.contract.owners import ANONYMOUS


class Reports(list[Progress]):
    """Stands where the store does, and keeps what is reported."""

    cancelled = False
    away = False

    def waited_s(self, record: JobRecord) -> float:
        """By this machine's clock."""
        return time.time() - record.queued_at

    def report(self, job_id: str, attempt: int, progress: Progress) -> bool:
        """Keep a report."""
        if self.away:
            raise redis.ConnectionError("away")
        self.append(progress)
        return self.cancelled


def attempt(store: Reports, deadline: Deadline | None = None, timeout_s: float = 60) -> Attempt:
    """An attempt that starts now."""
    job = Job(id="a", kind="edit", status=JobStatus.RUNNING, progress=Progress(), created_at=datetime.now(UTC))
    record = JobRecord(
        job=job,
        owner=ANONYMOUS,
        request=EditRequest(source_id="0" * 64),
        attempt=1,
        losses=0,
        worker="w",
        cancel_requested=False,
        queued_at=time.time() - 2,
        blobs=[],
        result_expires_at=None,
    )
    return Attempt(record, store, timeout_s, (deadline or Deadline(0)).passed)  # type: ignore[arg-type]


def test_progress_has_a_rate_and_an_estimate_of_its_stage_alone() -> None:
    store = Reports()
    subject = attempt(store)
    subject.stage("decode")
    time.sleep(0.3)
    subject.stage("render", 0, 10)
    time.sleep(0.2)
    subject.stage("render", 5, 10)
    assert [progress.stage for progress in store] == ["decode", "render", "render"]
    last = store[-1]
    assert last.fps == pytest.approx(25, rel=0.3)
    assert last.eta_s == pytest.approx(5 / 25, rel=0.3)


def test_frames_in_quick_succession_are_reported_together() -> None:
    store = Reports()
    subject = attempt(store)
    for done in range(1000):
        subject.stage("render", done, 1000)
    assert 1 <= len(store) < 20


def test_it_stops_for_each_reason() -> None:
    store = Reports()
    store.cancelled = True
    with pytest.raises(JobCancelled):
        attempt(store).stage("decode")

    late = attempt(Reports(), timeout_s=0.05)
    time.sleep(0.1)
    with pytest.raises(JobTimeoutError, match="'render'"):
        late.stage("render", 1, 2)

    deadline = Deadline(0.05)
    deadline.start()
    subject = attempt(Reports(), deadline)
    subject.stage("decode")
    time.sleep(0.1)
    with pytest.raises(GivenBack):
        subject.stage("extract")


def test_an_absent_redis_does_not_stop_it() -> None:
    store = Reports()
    store.away = True
    attempt(store).stage("decode")


def test_time_is_added_up_by_metric() -> None:
    subject = attempt(Reports())
    assert list(subject.timed_steps("render_s", (time.sleep(0.02) or step for step in range(1, 4)))) == [1, 2, 3]
    with subject.timed("encode_s"):
        time.sleep(0.01)
    assert subject.metrics["render_s"] >= 0.06
    assert 0.01 <= subject.metrics["encode_s"] < subject.metrics["render_s"]
    assert subject.metrics["queue_s"] == pytest.approx(2, abs=0.5)


def test_waiting_for_another_stage_is_taken_off() -> None:
    subject = attempt(Reports())
    with subject.timed("extract_s"):
        time.sleep(0.02)
        with subject.paused("extract_s"):
            time.sleep(0.2)
    assert 0.02 <= subject.metrics["extract_s"] < 0.15


def test_a_second_pass_starts_its_own_clock() -> None:
    store = Reports()
    subject = attempt(store)
    subject.stage("extract")
    time.sleep(0.3)
    subject.stage("extract", 0, 10)
    time.sleep(0.15)
    subject.stage("extract", 3, 10)
    assert store[-1].fps == pytest.approx(20, rel=0.3)
