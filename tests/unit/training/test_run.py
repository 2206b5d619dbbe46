"""Losses, and a stage of training that stops and resumes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.bundle import DEFAULT_BUNDLE, load_renderer, open_bundle
from models.errors import TrainingDataError
from training.pairs.batches import Batch
from training.pairs.shards import FIELDS
from training.pairs.source import StoredPairs
from training.renderer.losses import editing_share, flow_loss, painting_loss, picture_loss
from training.renderer.stage import Schedule
from training.renderer.stages import train_editing, train_warping
from training.run import Run, averaged_weights


def batch() -> Batch:
    ones = torch.ones(2, 1, 128, 128)
    zeros = torch.zeros(2, 59)
    picture = torch.rand(2, 3, 256, 256) * 2 - 1
    return Batch(picture, picture, zeros, zeros, torch.zeros(2, 2, 64, 64), torch.ones(2, 1, 64, 64), ones, 0 * ones)


def test_flow_loss_is_in_pixels_of_the_picture() -> None:
    one_pixel_of_the_grid = torch.ones(2, 2, 64, 64)
    absolute, squared = (4.0 + 0.125 * 4.0**2) / 0.05**0.5, 4.0**2 / 0.3
    four_pixels = absolute + squared
    assert flow_loss(one_pixel_of_the_grid, batch()).item() == pytest.approx(four_pixels)
    off_mesh = replace(batch(), mesh=torch.zeros(2, 1, 64, 64))
    assert flow_loss(one_pixel_of_the_grid, off_mesh).item() == pytest.approx(four_pixels * 0.3)


def test_a_small_motion_counts_for_more_of_the_flow_loss_than_its_share() -> None:
    still = torch.zeros(2, 2, 64, 64)
    turn, blink = torch.full((2, 2, 64, 64), 20.0), torch.zeros(2, 2, 64, 64)
    blink[:, :, 20:22, 10:20] = 3
    loss_of_a_turn, loss_of_a_blink = (flow_loss(still, replace(batch(), flow=flow)).item() for flow in (turn, blink))
    assert loss_of_a_blink / loss_of_a_turn > 5 * (blink.sum() / turn.sum()).item()


def test_picture_loss_weighs_errors_where_it_is_told() -> None:
    goal, weight = torch.rand(2, 3, 256, 256), torch.ones(2, 1, 256, 256)
    wrong = goal.clone()
    wrong[..., :64, :64] += 0.5
    plain = picture_loss(wrong, goal, weight).item()
    assert plain > 0
    assert picture_loss(goal, goal, weight).item() == 0
    assert picture_loss(wrong, goal, 6 * weight).item() == pytest.approx(6 * plain, rel=1e-4)
    weight[..., :80, :80] = 0
    assert picture_loss(wrong, goal, weight).item() == 0


def test_editing_aims_at_the_target_only_in_detail_that_no_warp_shows() -> None:
    skin, teeth = torch.zeros(2, 3, 256, 256), torch.zeros(2, 3, 256, 256)
    teeth[..., 64:128, 64:128] = 0.8  # the mouth
    teeth[..., 64:128, 160:224] = 0.8  # a hand: no detail of the face
    mouth = torch.zeros(2, 1, 128, 128)
    mouth[..., 16:72, 16:72] = 1
    example = replace(batch(), source=skin, target=teeth, detail=mouth)
    share = editing_share(example)
    assert share[..., 68:124, 68:124].min() == 1
    assert share[..., 40:50, 40:50].max() == 0  # detail that the warp does show
    assert share[..., 160:].max() == 0
    assert editing_share(replace(example, reliable=torch.zeros_like(mouth))).max() == 0


def test_painting_is_judged_where_it_is_shown_and_the_gate_everywhere() -> None:
    target, share = torch.zeros(2, 3, 256, 256), torch.zeros(2, 1, 256, 256)
    share[..., 64:128, 64:128] = 1
    elsewhere, there = target.clone(), target.clone()
    elsewhere[..., 160:] = 0.5
    there[..., 80:100, 80:100] = 0.5
    sure = 20 * (share - 0.5)
    best = painting_loss(target, sure, target, share)
    torch.testing.assert_close(painting_loss(elsewhere, sure, target, share), best)
    assert painting_loss(there, sure, target, share) > best + 0.1
    assert painting_loss(target, -sure, target, share) > best + 0.1


def test_a_run_resumes_where_it_stopped(tmp_path: Path) -> None:
    def start() -> Run:
        torch.manual_seed(0)
        model = nn.Linear(2, 1)
        return Run(tmp_path, model, torch.optim.Adam(model.parameters()))

    run = start()
    for _ in range(3):
        run.advance(run.model(torch.ones(4, 2)).pow(2).mean(), 0.1)
    run.save()
    resumed = start()
    assert resumed.step == 3
    torch.testing.assert_close(resumed.model.state_dict(), run.model.state_dict())
    assert averaged_weights(tmp_path).keys() == {"weight", "bias"}


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    model = nn.Linear(1, 1)
    run = Run(tmp_path, model, torch.optim.Adam(model.parameters()))
    with pytest.raises(FloatingPointError, match="learning-rate"):
        run.advance(model(torch.tensor([[float("nan")]])).sum(), 0.1)


def test_weights_of_an_untrained_folder_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="train it first"):
        averaged_weights(tmp_path)


def test_learning_rate_warms_up_holds_and_falls() -> None:
    schedule = Schedule(steps=10_000, batch_size=1, learning_rate=1.0)
    rates = [schedule.rate(step) for step in (0, 199, 5_000, 8_000, 10_000)]
    assert rates == pytest.approx([1 / 200, 1, 1, 0.51, 0.02])


def write_shift_pairs(folder: Path, count: int = 16) -> None:
    """Pairs in which one coefficient shifts the whole picture: something a tiny network learns in seconds."""
    rng = np.random.default_rng(0)
    shard = folder / "000-00000"
    shard.mkdir(parents=True)
    arrays = {name: np.zeros((count, *shape), dtype) for name, (shape, dtype) in FIELDS.items()}
    for row in range(count):
        shift = int(rng.integers(-16, 17))
        picture = np.kron(rng.integers(0, 256, (16, 16, 3)), np.ones((16, 16, 1))).astype(np.uint8)
        arrays["source"][row], arrays["target"][row] = picture, np.roll(picture, shift, 1)
        arrays["target_coefficients"][row, 56] = shift / 256
        arrays["flow"][row, 0], arrays["reverse_flow"][row, 0] = -shift, shift
    for name in ("mesh", "reverse_mesh", "reliable", "reverse_reliable"):
        arrays[name][:] = True
    for name, array in arrays.items():
        np.save(shard / f"{name}.npy", array)


def test_both_stages_train_resume_and_improve(tmp_path: Path) -> None:
    write_shift_pairs(tmp_path / "pairs")
    torch.manual_seed(0)
    pairs = StoredPairs(tmp_path / "pairs")
    train_warping(pairs, tmp_path / "warping", "debug", Schedule(100, 8, 3e-3))
    train_warping(pairs, tmp_path / "warping", "debug", Schedule(200, 8, 3e-3))
    log = [json.loads(line) for line in (tmp_path / "warping" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [100, 200]
    assert log[-1]["flow"] < log[0]["flow"]
    assert (tmp_path / "warping" / "step-000200.png").exists()
    train_editing(pairs, tmp_path / "editing", tmp_path / "warping", "debug", Schedule(3, 2))
    first, second = averaged_weights(tmp_path / "warping"), averaged_weights(tmp_path / "editing")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first if not name.startswith("editing."))
    with pytest.raises(TrainingDataError, match="paper"):
        train_editing(
            StoredPairs(tmp_path / "pairs"), tmp_path / "paper", tmp_path / "warping", "paper", Schedule(3, 2)
        )


def test_a_fresh_run_starts_from_an_earlier_one_where_it_fits(tmp_path: Path) -> None:
    write_shift_pairs(tmp_path / "pairs")
    train_warping(StoredPairs(tmp_path / "pairs"), tmp_path / "earlier", "debug", Schedule(3, 2))
    state = torch.load(tmp_path / "earlier" / "state.pt", weights_only=True)
    state["average"] = {name: value for name, value in state["average"].items() if "warping.head" not in name}
    torch.save(state, tmp_path / "earlier" / "state.pt")
    train_warping(
        StoredPairs(tmp_path / "pairs"), tmp_path / "later", "debug", Schedule(1, 2, 0.0, start=tmp_path / "earlier")
    )
    first, second = averaged_weights(tmp_path / "earlier"), averaged_weights(tmp_path / "later")
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    with pytest.raises(TrainingDataError, match="choose one of that preset"):
        train_warping(
            StoredPairs(tmp_path / "pairs"),
            tmp_path / "small",
            "small",
            Schedule(1, 2, start=write_run(tmp_path / "other")),
        )


def test_a_fresh_run_starts_from_a_bundle(tmp_path: Path) -> None:
    write_shift_pairs(tmp_path / "pairs")
    train_warping(
        StoredPairs(tmp_path / "pairs"), tmp_path / "later", "small", Schedule(1, 2, 0.0, start=DEFAULT_BUNDLE)
    )
    released = load_renderer(open_bundle(DEFAULT_BUNDLE)).state_dict()
    assert all(torch.equal(value, released[name]) for name, value in averaged_weights(tmp_path / "later").items())


def write_run(folder: Path) -> Path:
    """A run of something else."""
    model = nn.Linear(2, 1)
    Run(folder, model, torch.optim.Adam(model.parameters())).save()
    return folder
