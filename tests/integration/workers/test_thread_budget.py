"""Workers that share a machine share its cores, and follow each other's coming and going."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from models.cores import usable_cores
from workers.contract.presence import WorkerPresence, WorkerState
from workers.thread_budget import ThreadBudget

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


def budget(service: Service, threads: int | None = None, **cores: float) -> ThreadBudget:
    """The thread budget of a worker that is called `me`, on budgets of a machine of any size."""
    own = ThreadBudget(threads, "me", service.presence)
    own._cores = dict(cores)
    return own


def announce(service: Service, name: str, *budgets: str, state: WorkerState = WorkerState.READY) -> None:
    service.presence.announce(WorkerPresence(name=name, state=state, budgets=frozenset(budgets)), ttl_s=30)


@pytest.fixture(autouse=True)
def nobody_else(service: Service) -> None:
    for worker in service.presence.workers():
        service.presence.leave(worker.name)


def test_workers_of_one_machine_divide_its_cores(service: Service) -> None:
    mine = budget(service, machine=8)
    announce(service, "me", "machine")
    assert mine.threads() == 8
    for count, name in enumerate("abc", start=2):
        announce(service, name, "machine")
        assert mine.threads() == 8 // count
    service.presence.leave("a")
    service.presence.leave("b")
    assert mine.threads() == 4


def test_a_quota_is_shared_by_those_in_the_same_group_only(service: Service) -> None:
    mine = budget(service, machine=64, group=2.5)
    announce(service, "in another container", "machine", "another group")
    assert mine.threads() == 2
    announce(service, "in the same container", "machine", "group")
    assert mine.threads() == 1


def test_workers_elsewhere_or_without_models_take_nothing(service: Service) -> None:
    mine = budget(service, machine=4)
    announce(service, "elsewhere", "another machine")
    announce(service, "failed", "machine", state=WorkerState.SETUP_FAILED)
    assert mine.threads() == 4


def test_more_workers_than_cores_get_a_thread_each(service: Service) -> None:
    for name in "abcdef":
        announce(service, name, "machine")
    assert budget(service, machine=2).threads() == 1


def test_the_setting_overrides(service: Service) -> None:
    announce(service, "a", "machine")
    assert budget(service, threads=7, machine=2).threads() == 7


def test_real_workers_count_each_other_before_every_job(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    path = tmp_path / "threads"
    start_worker(STANDIN_THREADS=str(path))
    service.wait_for_worker(WorkerState.READY)
    service.finish(service.submit(photo))
    second = start_worker(STANDIN_THREADS=str(path))
    service.wait_for_worker(WorkerState.READY, count=2)
    service.finish(service.submit(photo))
    second.terminate()
    second.wait(10)
    service.finish(service.submit(photo))
    cores = usable_cores()
    assert path.read_text().split() == [str(cores), str(max(1, cores // 2)), str(cores)]
