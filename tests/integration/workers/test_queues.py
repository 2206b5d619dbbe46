"""Workers that take jobs from some queues only."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from workers.contract.jobs import JobStatus
from workers.contract.kinds.talk import TalkRequest
from workers.contract.presence import WorkerState
from workers.contract.queue_names import QueueName
from workers.queue_order import IN_A_ROW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


def test_a_worker_for_edits_leaves_a_talk_to_another_one(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    speech = tmp_path / "speech.wav"
    soundfile.write(speech, np.random.default_rng(0).normal(0, 0.1, 4000), 16_000)
    start_worker(PORTRAIT_QUEUES="interactive")
    service.wait_for_worker(WorkerState.READY)
    assert [worker.queues for worker in service.presence.workers()] == [(QueueName.INTERACTIVE,)]

    talk = service.start(TalkRequest, photo, audio_id=service.add(speech.read_bytes()))
    for _ in range(2):  # behind the talk, and done before it
        edit = service.finish(service.submit(photo, controls={"expression": {"jawOpen": 0.5}}))
        assert edit.job.status is JobStatus.SUCCEEDED, edit.job.error
    assert service.store.get(talk).job.status is JobStatus.QUEUED

    start_worker(PORTRAIT_QUEUES="batch")
    ended = service.finish(talk).job
    assert ended.status is JobStatus.SUCCEEDED, ended.error


def test_edits_that_never_end_hold_no_talk_up_for_ever(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    talk = service.start(TalkRequest, photo, options={"idle": 1})
    edits = [service.submit(photo, controls={}) for _ in range(IN_A_ROW + 4)]
    start_worker()
    ended = [service.finish(job).job.started_at for job in (talk, *edits)]
    before = sum(started < ended[0] for started in ended[1:] if started is not None and ended[0] is not None)
    assert before == IN_A_ROW
