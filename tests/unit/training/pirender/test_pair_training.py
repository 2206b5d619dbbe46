"""The paper's training: pairs that processes share, equal gradients, stages, averaging, resuming, the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from datasets.clip_store import ClipStore
from models.coefficients import BFM
from models.coefficients.bfm import pirender_vector
from models.errors import TrainingDataError
from models.renderer import PRESETS
from tests.runs import linear_trainer
from tests.unit.training.pirender.conftest import picture
from tests.unit.training.pirender.ddp import first_gradients
from training.averaging import Constant
from training.options import TrainingOptions
from training.pirender.__main__ import app
from training.pirender.pair_training import PairSettings, pirender_trainer
from training.pirender.pairs import PairDataset, pairs
from training.pirender.processes import Processes
from training.pirender.schedule import SCHEDULES, chosen
from training.schedules import StepDecay

ROOT = Path(__file__).parents[4]
ALONE = Processes(0, 1, torch.device("cpu"))
PAPER = PRESETS["paper-debug"]


def test_the_schedule_is_the_papers() -> None:
    paper = SCHEDULES["paper"]
    assert (paper.steps, paper.warping_steps, paper.batch_size) == (400_000, 200_000, 20)
    assert not paper.edits(199_999)
    assert paper.edits(200_000)
    assert paper.rate(299_999) == pytest.approx(1e-4)
    assert paper.rate(300_000) == pytest.approx(2e-5)
    assert (paper.warping_weight, paper.final_weight, paper.style_weight, paper.scales) == (2.5, 4, 1000, 4)
    assert paper.averaging == pytest.approx(0.5 ** (32 / 10_000))
    assert paper.pairs_of_each(4) == 5
    with pytest.raises(TrainingDataError, match="18"):
        paper.pairs_of_each(3)


def test_a_pair_is_two_frames_of_one_clip_in_the_papers_terms(bfm_store: Path) -> None:
    pair = PairDataset(ClipStore(bfm_store), PAPER, seed=1)[7]
    assert pair.first.shape == (3, 256, 256)
    assert pair.first_window.shape == (73, 27)
    number, frame = round(float(pair.first_window[0, 13]) * 10), (float(pair.first_window[71, 13]) - 127.5) / 256 / 0.02
    assert frame == pytest.approx(round(frame), abs=1e-3)
    shown = (pair.first.permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(shown - picture(number, 5 * round(frame))).mean() < 4, "the picture is that of its coefficients"
    store = ClipStore(bfm_store)
    clip = next(clip for clip in store.clips if clip.name == f"c{number}")
    motion = pirender_vector(store.coefficients(clip))
    np.testing.assert_allclose(pair.first_window[:, 0], motion[0], atol=1e-5)
    np.testing.assert_allclose(pair.first_window[:, -1], motion[-1], atol=1e-5)


def test_processes_see_together_what_one_sees_alone(bfm_store: Path) -> None:
    dataset = PairDataset(ClipStore(bfm_store), PAPER, seed=0)
    whole = next(pairs(dataset, 4, 0, 1, step=3, workers=0))
    halves = [next(pairs(dataset, 2, rank, 2, step=3, workers=0)) for rank in range(2)]
    assert torch.equal(whole.first, torch.cat([half.first for half in halves]))
    assert torch.equal(whole.second_window, torch.cat([half.second_window for half in halves]))
    assert not torch.equal(whole.first_window, next(pairs(dataset, 4, 0, 1, step=4, workers=0)).first_window)


def test_both_directions_are_trained(bfm_store: Path) -> None:
    pair = next(pairs(PairDataset(ClipStore(bfm_store), PAPER, 0), 2, 0, 1, 0, workers=0))
    source, own, windows, target = pair.both_directions()
    assert torch.equal(source[:2], target[2:])
    assert torch.equal(source[2:], target[:2])
    assert torch.equal(own[:2], windows[2:])


@pytest.mark.slow
@pytest.mark.timeout(600)  # two more interpreters that load torch
def test_two_processes_give_the_gradients_of_one_with_twice_the_batch(bfm_store: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "PYTHONPATH": str(ROOT)}
    script = Path(__file__).with_name("ddp.py")
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(bfm_store), str(tmp_path / f"{rank}.pt")],
            env={**os.environ, **variables, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
        )
        for rank in range(2)
    ]
    try:
        assert [process.wait(500) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    warping, everything = first_gradients(bfm_store)
    assert any(name.startswith("warping") for name in warping)
    assert not any(name.startswith("editing") for name in warping)
    assert any(name.startswith("editing") for name in everything)
    for rank in range(2):
        for alone, shared in zip((warping, everything), torch.load(tmp_path / f"{rank}.pt"), strict=True):
            assert shared.keys() == alone.keys()
            for name, gradient in alone.items():
                torch.testing.assert_close(shared[name], gradient, rtol=1e-3, atol=1e-6, msg=f"{rank}: {name}")


@pytest.mark.slow
def test_stages_logs_and_resuming(bfm_store: Path, tmp_path: Path) -> None:
    schedule = chosen("trial", {"warping_steps": 2, "steps": 4, "batch_size": 1})
    schedule = replace(schedule, save_every=2, draw_every=4, log_every=1)
    settings = PairSettings(bfm_store, tmp_path / "whole", vgg=None, workers=0)
    pirender_trainer(settings, schedule, ALONE).train()
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert [sorted(record) for record in log[:2]] == [["loss", "seconds", "step", "warping"]] * 2
    assert {"final", "style"} <= log[2].keys()
    assert log[2]["loss"] == pytest.approx(log[2]["warping"] + log[2]["final"], rel=1e-3)
    assert (tmp_path / "whole" / "step-000004.png").exists()

    parts = replace(settings, out=tmp_path / "parts")
    pirender_trainer(parts, replace(schedule, steps=2), ALONE).train()
    pirender_trainer(parts, replace(schedule, resume_with_changes=True), ALONE).train()
    whole, resumed = (torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("whole", "parts"))
    assert resumed["step"] == 4
    for name, tensor in whole["average"].items():
        torch.testing.assert_close(resumed["average"][name], tensor, msg=lambda m, n=name: f"{n}: {m}")
    with pytest.raises(TrainingDataError, match="preset paper-debug"):
        pirender_trainer(parts, replace(schedule, preset="paper"), ALONE)


def test_the_average_keeps_what_the_paper_says(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    optimiser = torch.optim.SGD(layer.parameters(), 1.0)
    options = TrainingOptions(1, 1, 1.0)
    trainer = linear_trainer(tmp_path, options, model=layer, optimiser=optimiser, decay=Constant(0.75))
    trainer.recipe = replace(trainer.recipe, clip=None, learning_rate=StepDecay(1.0, 1, 1.0, 1))
    trainer.advance(layer.weight.sum())  # the weight falls from 1 to 0
    assert layer.weight.abs().max() == 0
    torch.testing.assert_close(trainer.average.model.weight, torch.full((1, 2), 0.75))
    with pytest.raises(FloatingPointError, match="--learning-rate"):
        trainer.advance(layer.weight.sum() * float("nan"))


@pytest.mark.slow
def test_any_preset_of_the_clips_space_trains(arkit_store: Path, tmp_path: Path) -> None:
    schedule = chosen("trial", {"preset": "debug", "warping_steps": 1, "steps": 2, "batch_size": 2})
    pirender_trainer(PairSettings(arkit_store, tmp_path, vgg=None, half=True, workers=0), schedule, ALONE).train()
    state = torch.load(tmp_path / "state.pt", weights_only=True)["model"]
    assert state["deviation"].min() >= 0.05
    with pytest.raises(TrainingDataError, match="arkit"):
        PairDataset(ClipStore(arkit_store), PAPER, 0)


def run(*arguments: object) -> tuple[int, str]:
    """Exit status and output of the command."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "300", "NO_COLOR": "1"})
    return result.exit_code, " ".join((result.output + str(result.exception or "")).split())


def test_without_vgg_the_command_refuses_and_names_the_alternative(bfm_store: Path) -> None:
    status, output = run("train", "--clips", bfm_store)
    assert status == 2
    assert "--loss pyramid" in output
    assert "does not reproduce the paper" in output


@pytest.mark.slow
def test_a_dry_run_tells_the_plan_and_trains_nothing(bfm_store: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    status, output = run("train", "--clips", bfm_store, "--out", out, "--loss", "pyramid", "--dry-run")
    assert status == 0, output
    assert "22.5 M parameters" in output
    assert "3 of 2 people, 15 frames, space bfm" in output
    assert "200001 to 400000" in output
    assert "2e-05 after step 300000" in output
    assert "not the paper's" in output
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--schedule", "quick"), "paper, trial"),
        (("--preset", "large"), "paper-debug"),
        (("--schedule", "trial", "--steps", "3"), "--warping-steps"),
        (("--preset", "debug"), "of the space bfm"),
        (("--clips", "nowhere.lmdb"), "prepare"),
    ],
)
def test_what_does_not_fit_is_an_error_that_says_so(bfm_store: Path, arguments: tuple[str, ...], hint: str) -> None:
    status, output = run("train", "--clips", bfm_store, "--loss", "pyramid", "--dry-run", *arguments)
    assert status != 0
    assert hint in output


def test_several_stores_read_one_file(bfm_store: Path) -> None:
    first, second = ClipStore(bfm_store), ClipStore(bfm_store)
    assert first.space == second.space == BFM.name
    assert np.array_equal(first.frame(first.clips[0], 1), second.frame(second.clips[0], 1))
