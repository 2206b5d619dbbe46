"""A preview that nobody waits for any more costs no further stage."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.workers.standin import Standin
from tests.unit.workers.test_attempt import Reports, attempt
from workers.attempt import JobCancelled
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.settings import Settings
from workers.tasks.preview import PreviewTask
from workers.tasks.tools import TaskTools


@dataclass
class Stages:
    """Decoder, models and stored photos; during one stage the wish is cancelled, as another photo's wish does it."""

    superseded: str
    reports: Reports = field(default_factory=Reports)
    begun: list[str] = field(default_factory=list)
    standin: Standin = field(default_factory=Standin)
    space = Standin.space

    def begin(self, stage: str) -> None:
        self.begun.append(stage)
        self.reports.cancelled = stage == self.superseded

    def get(self, owner: str, source_id: str) -> None:
        """The photo is there."""

    def open(self, owner: str, source_id: str) -> io.BytesIO:
        return io.BytesIO(b"a photo")

    def picture(self, data: bytes) -> np.ndarray:
        self.begin("decode")
        return np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)

    def analyse(self, image: np.ndarray, face: int | str) -> Any:
        self.begin("extract")
        return self.standin.analyse(image, face)

    def render(self, source: Any, motion: np.ndarray, **_: object) -> Iterator[np.ndarray]:
        self.begin("render")
        yield source.image


@pytest.mark.parametrize("superseded", ["decode", "extract", "render", "never"])
def test_a_superseded_wish_stops_before_its_next_stage(superseded: str, tmp_path: Path) -> None:
    stages = Stages(superseded)
    parts: Any = stages
    subject = attempt(stages.reports)
    subject.record = subject.record.model_copy(update={"request": PreviewRequest(source_id="0" * 64, seq=1)})
    task = PreviewTask(TaskTools.of(parts, parts, parts, parts, Settings()))
    if superseded == "never":
        task.run(subject, tmp_path)
    else:
        with pytest.raises(JobCancelled):
            task.run(subject, tmp_path)
        assert stages.begun[-1] == superseded
    assert [file.name for file in tmp_path.iterdir()] == (["result.jpeg"] if superseded == "never" else [])
