"""The one training loop, on a linear layer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.errors import PortraitError, TrainingDataError
from tests.runs import linear_trainer
from training.options import TrainingOptions
from training.weights import averaged_weights

OPTIONS = TrainingOptions(3, 4, 0.1, log_every=2)


def test_a_run_resumes_where_it_stopped(tmp_path: Path) -> None:
    trainer = linear_trainer(tmp_path, OPTIONS)
    trainer.train()
    resumed = linear_trainer(tmp_path, OPTIONS)
    assert resumed.step == 3
    torch.testing.assert_close(resumed.model.state_dict(), trainer.model.state_dict())
    assert averaged_weights(tmp_path).keys() == {"weight", "bias"}


def test_a_broken_run_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    """But for its data, whose stream begins anew at the step that was saved."""
    options = replace(OPTIONS, steps=6)
    whole = linear_trainer(tmp_path / "whole", options).train().state_dict()
    broken = linear_trainer(tmp_path / "broken", options)
    batches = broken.recipe.batches
    broken.recipe = replace(broken.recipe, batches=lambda step: (next(batches(0)) for _ in range(3)))
    with pytest.raises(StopIteration):
        broken.train()
    broken.save()
    resumed = linear_trainer(tmp_path / "broken", options)
    resumed.recipe = replace(resumed.recipe, batches=lambda _: batches(0))
    assert resumed.step == 3
    torch.testing.assert_close(resumed.train().state_dict(), whole)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    trainer = linear_trainer(tmp_path, OPTIONS)
    with pytest.raises(FloatingPointError, match="learning-rate") as diverged:
        trainer.advance(trainer.model(torch.tensor([[float("nan"), 0]])).sum())
    assert isinstance(diverged.value, PortraitError), "a command ends with its sentence"


def test_weights_of_an_untrained_folder_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="train it first"):
        averaged_weights(tmp_path)


def test_the_log_holds_means_since_the_last_line_and_callbacks_get_them(tmp_path: Path) -> None:
    heard: list[tuple[int, float]] = []
    alone = linear_trainer(tmp_path / "every", replace(OPTIONS, steps=4, log_every=1))
    alone.train()
    trainer = linear_trainer(tmp_path / "second", replace(OPTIONS, steps=4))
    trainer.recipe = replace(
        trainer.recipe, log_callbacks=[lambda step, figures: heard.append((step, figures["squared"]))]
    )
    trainer.train()
    every, second = (
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("every", "second")
    )
    assert [line["step"] for line in second] == [2, 4]
    means = [(every[k]["squared"] + every[k + 1]["squared"]) / 2 for k in (0, 2)]
    assert [line["squared"] for line in second] == pytest.approx(means, rel=1e-3)
    assert [line["loss"] for line in second] == [line["squared"] for line in second]
    assert heard == [(line["step"], line["squared"]) for line in second]


def test_of_several_processes_one_writes(tmp_path: Path) -> None:
    follower = linear_trainer(tmp_path / "run", OPTIONS, leads=False)
    follower.train()
    assert follower.step == 3
    assert not (tmp_path / "run").exists()


def test_what_follows_a_training_is_made_of_the_average(tmp_path: Path) -> None:
    finished: list[torch.nn.Module] = []
    trainer = linear_trainer(tmp_path, OPTIONS)
    trainer.recipe = replace(trainer.recipe, finish=finished.append)
    assert finished == []
    assert trainer.train() is finished[0] is trainer.average.model


def test_a_plan_tells_what_is_left_and_writes_nothing(tmp_path: Path) -> None:
    plan = linear_trainer(tmp_path / "run", OPTIONS).plan()
    assert "3, 3 to go" in plan
    assert "(new)" in plan
    assert not (tmp_path / "run").exists()
    linear_trainer(tmp_path / "run", OPTIONS).train()
    longer = replace(OPTIONS, steps=5, resume_with_changes=True)
    plan = linear_trainer(tmp_path / "run", longer).plan()
    assert "5, 2 to go" in plan
    assert "resumes at step 3" in plan


def test_data_that_is_missing_leaves_no_folder(tmp_path: Path) -> None:
    trainer = linear_trainer(tmp_path / "run", OPTIONS)

    def missing(step: int) -> Iterator[torch.Tensor]:
        raise TrainingDataError(f"nothing from step {step} on")

    trainer.recipe = replace(trainer.recipe, batches=missing)
    with pytest.raises(TrainingDataError, match="step 0"):
        trainer.train()
    assert not (tmp_path / "run").exists()
