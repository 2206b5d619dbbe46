"""Stages of the renderer's training that stop, resume and begin with earlier weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from models.bundle import DEFAULT_BUNDLE, load_renderer, open_bundle
from models.errors import TrainingDataError
from tests.runs import write_run
from tests.shift_pairs import write_shift_pairs
from training.pairs.source import StoredPairs
from training.renderer.editing import EditingOptions, editing_trainer
from training.renderer.warping import WarpingOptions, warping_trainer
from training.weights import averaged_weights


@pytest.mark.slow
def test_both_stages_train_resume_and_improve(tmp_path: Path) -> None:
    pairs = StoredPairs(write_shift_pairs(tmp_path / "pairs"))
    for steps in (50, 100):
        options = WarpingOptions(steps, 8, 3e-3, preset="debug", log_every=50, resume_with_changes=True)
        warping_trainer(pairs, tmp_path / "warping", options).train()
    log = [json.loads(line) for line in (tmp_path / "warping" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [50, 100]
    assert log[-1]["flow"] < log[0]["flow"]
    assert (tmp_path / "warping" / "step-000100.png").exists()
    editing = EditingOptions(3, 2, preset="debug", log_every=3)
    editing_trainer(pairs, tmp_path / "editing", editing, tmp_path / "warping").train()
    first, second = averaged_weights(tmp_path / "warping"), averaged_weights(tmp_path / "editing")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first if not name.startswith("editing."))
    assert json.loads((tmp_path / "editing" / "log.jsonl").read_text()).keys() >= {"loss", "image", "unedited"}
    with pytest.raises(TrainingDataError, match="paper"):
        editing_trainer(pairs, tmp_path / "paper", EditingOptions(3, 2, preset="paper"), tmp_path / "warping")


@pytest.mark.slow
def test_a_seed_decides_the_first_weights_and_the_pairs(tmp_path: Path) -> None:
    pairs = StoredPairs(write_shift_pairs(tmp_path / "pairs"))
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        options = WarpingOptions(1, 2, preset="debug", seed=seed)
        warping_trainer(pairs, tmp_path / name, options).train()
    one, same, other = (averaged_weights(tmp_path / name) for name in ("one", "same", "other"))
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert not all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.slow
def test_a_fresh_run_starts_from_an_earlier_one_where_it_fits(tmp_path: Path) -> None:
    pairs = StoredPairs(write_shift_pairs(tmp_path / "pairs"))
    warping_trainer(pairs, tmp_path / "earlier", WarpingOptions(3, 2, preset="debug")).train()
    state = torch.load(tmp_path / "earlier" / "state.pt", weights_only=True)
    state["average"] = {name: value for name, value in state["average"].items() if "warping.head" not in name}
    torch.save(state, tmp_path / "earlier" / "state.pt")
    still = WarpingOptions(1, 2, 0.0, preset="debug")
    warping_trainer(pairs, tmp_path / "later", still, tmp_path / "earlier").train()
    first, second = averaged_weights(tmp_path / "earlier"), averaged_weights(tmp_path / "later")
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    record = json.loads((tmp_path / "later" / "run.json").read_text())
    assert record["begun_from"]["start"]["command"] == "training warping"
    small, other = WarpingOptions(1, 2, preset="small"), write_run(tmp_path / "other")
    with pytest.raises(TrainingDataError, match="choose one of that preset"):
        warping_trainer(pairs, tmp_path / "small", small, other)


@pytest.mark.slow
def test_a_fresh_run_starts_from_a_bundle(tmp_path: Path) -> None:
    pairs = StoredPairs(write_shift_pairs(tmp_path / "pairs"))
    still = WarpingOptions(1, 2, 0.0, preset="small")
    warping_trainer(pairs, tmp_path / "later", still, DEFAULT_BUNDLE).train()
    released = load_renderer(open_bundle(DEFAULT_BUNDLE)).state_dict()
    assert all(torch.equal(value, released[name]) for name, value in averaged_weights(tmp_path / "later").items())
