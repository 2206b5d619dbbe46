"""What each kind of job does: one module a kind. A kind's task is known here, by its name, and nowhere else."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Protocol

from workers.attempt import Attempt
from workers.error_context import error_context
from workers.output_file import OutputFile
from workers.runner import CURRENT, JobTask
from workers.tasks.edit import EditTask
from workers.tasks.extract import ExtractTask
from workers.tasks.faces import FacesTask
from workers.tasks.motion import MotionTask
from workers.tasks.preview import PreviewTask
from workers.tasks.reenact import ReenactTask
from workers.tasks.talk import TalkTask
from workers.tasks.tools import TaskTools


class _KindTask(Protocol):
    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]: ...


_TASKS: Mapping[str, Callable[[TaskTools], _KindTask]] = {
    "edit": EditTask,
    "extract": ExtractTask,
    "faces": FacesTask,
    "motion": MotionTask,
    "preview": PreviewTask,
    "reenact": ReenactTask,
    "talk": TalkTask,
}


def run(job_id: str, attempt: int) -> None:
    """What RQ calls; the worker that executes the RQ job has set its runner."""
    CURRENT.get().run(job_id, attempt)


def tasks_by_kind(tools: TaskTools) -> dict[str, JobTask]:
    """The task of every kind of job, around one loaded editor."""
    return {kind: _guarded(task(tools).run, tools) for kind, task in _TASKS.items()}


def _guarded(task: JobTask, tools: TaskTools) -> JobTask:
    @wraps(task)
    def guarded(attempt: Attempt, folder: Path) -> list[OutputFile]:
        with error_context("source"), tools.decoder.interrupted_by(attempt.check):
            return task(attempt, folder)

    return guarded
