"""The command around the suite: what it plans, and what it says without data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from evaluation.__main__ import app
from evaluation.flow import FlowTest
from evaluation.renderer.command import QUICK_FLOW, QUICK_PHOTOS, shortened
from evaluation.renderer.smile_pairs import Smile
from evaluation.renderer.suite import Plan
from models.errors import TrainingDataError


def test_data_that_is_missing_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["renderer", "--data", str(tmp_path)])
    assert isinstance(result.exception, TrainingDataError)
    assert "index.csv" in str(result.exception)


def test_a_quick_look_takes_targets_from_all_over_the_test() -> None:
    count = 400
    flow = FlowTest(
        np.arange(count, dtype=np.int32),
        *(np.zeros((count, 59), np.float32),) * 2,
        np.zeros((count, 4, 4, 2), np.float32),
        np.ones((count, 4, 4), bool),
    )
    people = [Smile(str(number), number, number) for number in range(9)]
    plan = Plan(Path(), flow, np.arange(3), np.arange(3), people, [], [Path("a"), Path("b")], {}, np.arange(9), 0)
    quick = shortened(plan)
    assert len(quick.flow.photo) == QUICK_FLOW
    assert (quick.flow.photo[0], quick.flow.photo[-1]) == (0, count - 1)
    assert len(quick.flow.mask) == QUICK_FLOW
    assert len(quick.smiles) == QUICK_PHOTOS
    assert len(quick.stills) == 1
    assert len(quick.strangers) == 1
    assert len(quick.mouths) == QUICK_PHOTOS
    assert len(quick.photos) == 3
