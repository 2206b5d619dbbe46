"""Pairs on disk, and the batches read from them, over a data folder with a synthetic head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.coefficients import ARKIT
from models.errors import TrainingDataError
from models.face3d.morphable import MorphableModel
from models.face3d.warp import warp
from tests.synthetic_head import write_data
from training.pairs.batches import _mirror, _perturb, batches, by_slider
from training.pairs.generate import make_pairs
from training.pairs.shards import Pairs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, model: MorphableModel) -> Path:
    """A training data folder: the synthetic 3DMM and three patterned pictures, one of them held out."""
    rng = np.random.default_rng(0)
    coarse = [Image.fromarray(rng.integers(0, 256, (18, 18, 3), dtype=np.uint8)) for _ in range(3)]
    pictures = [np.asarray(one.resize((288, 288), Image.Resampling.BICUBIC)) for one in coarse]
    return write_data(tmp_path_factory.mktemp("data") / "data", model, pictures, rng.uniform(0, 0.5, (3, 53)))


@pytest.fixture(scope="module")
def pairs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    out = tmp_path_factory.mktemp("pairs")
    make_pairs(data, out, count=24, seed=3, processes=1, sweeps=0.25, shard_size=12)
    return Pairs(out)


def test_pairs_are_made_from_training_photos_only(pairs: Pairs) -> None:
    assert len(pairs) == 24
    assert set(pairs.gather("photo", np.arange(24))) <= {0, 1}


def test_known_flow_explains_the_target(pairs: Pairs) -> None:
    """Warping the source by the stored flow gives the stored target, on the mesh."""
    rows = np.arange(24)
    errors, still = [], []
    for source, target, flow, mesh, reliable in zip(
        *(pairs.gather(name, rows) for name in ("source", "target", "flow", "mesh", "reliable")), strict=True
    ):
        dense = torch.nn.functional.interpolate(
            torch.from_numpy(flow.astype(np.float32))[None], (256, 256), mode="bilinear"
        )
        warped = warp(source, dense[0].permute(1, 2, 0).numpy()).astype(float)
        trusted = np.kron(mesh, np.ones((4, 4))) * np.kron(reliable, np.ones((2, 2))) > 0
        errors.append(np.abs(warped - target)[trusted].mean())
        still.append(np.abs(source.astype(float) - target)[trusted].mean())
    assert np.mean(errors) < 0.25 * np.mean(still)


def test_existing_shards_are_kept(data: Path, tmp_path: Path) -> None:
    make_pairs(data, tmp_path, count=4, seed=0, processes=1, sweeps=0.25, shard_size=4)
    stamp = (tmp_path / "000-00000" / "target.npy").stat().st_mtime_ns
    make_pairs(data, tmp_path, count=8, seed=0, processes=1, sweeps=0.25, shard_size=4)
    assert (tmp_path / "000-00000" / "target.npy").stat().st_mtime_ns == stamp
    assert len(Pairs(tmp_path)) == 8


def test_no_pairs_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="`python -m training pairs`"):
        Pairs(tmp_path)


def test_half_of_a_batch_runs_backwards(pairs: Pairs) -> None:
    batch = next(batches(pairs, by_slider(pairs, {}, still=True), 8, 128, seed=0))
    assert batch.source.shape == batch.target.shape == (8, 3, 128, 128)
    assert batch.flow.shape == (8, 2, 64, 64)
    assert (batch.reliable[4:] == 1).all(), "backwards the target is the untouched photo"


def test_small_motions_are_drawn_more_often_than_they_occur(pairs: Pairs) -> None:
    change = np.abs(pairs.all("target_coefficients") - pairs.all("source_coefficients"))
    jaws = change[:, ARKIT.index["jawOpen"]] > 0.4
    still = change[:, -6:].max(1) < 1e-4
    assert jaws.any()
    anywhere, in_a_still_head = (by_slider(pairs, {"jawOpen": 0.5}, still=value) for value in (False, True))
    for chance in (anywhere, in_a_still_head):
        assert chance.sum() == pytest.approx(1)
        assert (chance > 0).all()
    assert anywhere[jaws].sum() == pytest.approx(0.5 + 0.5 * jaws.mean())
    assert in_a_still_head[jaws & still].sum() == pytest.approx(0.5 + 0.5 * (jaws & still).mean())


def test_mirroring_twice_changes_nothing_and_once_swaps_sides(pairs: Pairs) -> None:
    batch = next(batches(pairs, by_slider(pairs, {}, still=True), 4, 64, seed=0))

    class Always:
        def random(self, shape: object) -> np.ndarray:
            return np.zeros(shape)

    once = _mirror(batch, Always())  # type: ignore[arg-type]
    twice = _mirror(once, Always())  # type: ignore[arg-type]
    torch.testing.assert_close(twice.flow, batch.flow)
    torch.testing.assert_close(twice.source_coefficients, batch.source_coefficients)
    torch.testing.assert_close(once.flow[:, 0], -batch.flow[:, 0].flip(-1))
    left, right = ARKIT.index["eyeBlinkLeft"], ARKIT.index["eyeBlinkRight"]
    torch.testing.assert_close(once.target_coefficients[:, left], batch.target_coefficients[:, right])


def test_extractor_noise_moves_both_vectors_alike(pairs: Pairs) -> None:
    batch = next(batches(pairs, by_slider(pairs, {}, still=True), 8, 64, seed=0))
    noisy = _perturb(batch, np.random.default_rng(5))
    change = noisy.source_coefficients - batch.source_coefficients
    assert change.abs().max() > 0
    moved = noisy.target_coefficients - batch.target_coefficients
    torch.testing.assert_close(moved[:, -6:], change[:, -6:], atol=1e-6, rtol=0)
    weights = torch.stack([noisy.source_coefficients, noisy.target_coefficients])[..., :-6]
    free = ((weights > 0) & (weights < 1)).all(0)
    free[:, [ARKIT.index["mouthClose"], ARKIT.index["jawOpen"]]] = False  # tied to each other
    assert free.any()
    torch.testing.assert_close(moved[:, :-6][free], change[:, :-6][free], atol=1e-6, rtol=0)
    assert weights.min() >= 0
    assert weights.max() <= 1
