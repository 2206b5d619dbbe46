"""Pairs drawn while training, over a data folder with a synthetic head."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import TrainingDataError
from models.face3d.morphable import MorphableModel
from tests.synthetic_head import write_data
from training.pairs.shards import SIZE
from training.pairs.source import Emphasis
from training.pairs.stream import PairStream
from training.renderer.editing import EditingOptions, editing_trainer
from training.renderer.warping import STATISTICS, WarpingOptions, warping_trainer
from training.weights import averaged_weights


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, model: MorphableModel) -> Path:
    """A training data folder: the synthetic 3DMM and three plain pictures, one of them held out."""
    pictures = [np.full((288, 288, 3), 40 + 80 * number, np.uint8) for number in range(3)]
    expression = np.random.default_rng(0).uniform(0, 0.5, (3, 53))
    return write_data(tmp_path_factory.mktemp("data") / "data", model, pictures, expression)


def test_draws_show_training_photos_only(data: Path) -> None:
    draw = PairStream(data, "cpu", sweeps=0.25).draw(12, np.random.default_rng(1))
    assert draw.photo.shape == (12, 3, SIZE, SIZE)
    assert draw.photo.dtype == torch.uint8
    assert set(draw.photo.unique().tolist()) == {40, 120}
    assert (draw.source.coefficients(SIZE) - draw.target.coefficients(SIZE)).abs().max() > 0.1
    torch.testing.assert_close(draw.source.person, draw.target.person)


@pytest.mark.slow
def test_half_of_a_batch_runs_backwards(data: Path) -> None:
    stream = PairStream(data, "cpu", sweeps=0.25)
    for batch in islice(stream.batches(Emphasis(), 4, 128, seed=1), 2):
        assert batch.source.shape == batch.target.shape == (4, 3, 128, 128)
        assert batch.source_coefficients.shape == (4, 59)
        assert batch.mesh.mean() > 0.1
        assert (batch.reliable[2:] == 1).all(), "backwards the target is the untouched photo"


def test_a_seed_draws_the_same_pairs(data: Path) -> None:
    stream = PairStream(data, "cpu", sweeps=0.25)
    first, second = (next(stream.batches(Emphasis(), 2, 64, seed=2)) for _ in range(2))
    torch.testing.assert_close(first.flow, second.flow)
    torch.testing.assert_close(first.target_coefficients, second.target_coefficients)


def test_a_folder_without_portraits_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="training data portraits"):
        PairStream(tmp_path, "cpu", sweeps=0.25)


@pytest.mark.slow
def test_both_stages_train_on_pairs_made_meanwhile(data: Path, tmp_path: Path) -> None:
    stream = PairStream(data, "cpu", sweeps=0.25)
    warping_trainer(stream, tmp_path / "warping", WarpingOptions(2, 2, preset="debug")).train()
    editing = EditingOptions(2, 2, preset="debug")
    editing_trainer(stream, tmp_path / "editing", editing, tmp_path / "warping").train()
    weights = averaged_weights(tmp_path / "editing")
    values = stream.coefficients(100)
    assert values.shape == (200, 59)
    assert weights["mean"].numpy() == pytest.approx(stream.coefficients(STATISTICS).mean(0), abs=1e-5)
