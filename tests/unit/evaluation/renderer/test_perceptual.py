"""LPIPS and FID around networks whose features are plain to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluation.renderer.perceptual import Perceptual, frechet_distance
from models.errors import EvaluationError


class MeanColour(nn.Module):
    def forward(self, x: Tensor, resize_images: bool = False, return_lpips: bool = False) -> Tensor:
        return x.mean((2, 3))


class MeanFeatures(nn.Module):
    def forward(self, x: Tensor, return_features: bool = False) -> Tensor:
        return x.mean((2, 3))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for name, network in (("lpips", MeanColour()), ("inception", MeanFeatures())):
        torch.jit.script(network).save(str(tmp_path / f"{name}.pt"))
    return tmp_path / "lpips.pt", tmp_path / "inception.pt"


def test_networks_are_read_from_their_files(files: tuple[Path, Path]) -> None:
    metrics = Perceptual.load(*files)
    grey, brighter = np.full((8, 8, 3), 100, np.uint8), np.full((8, 8, 3), 103, np.uint8)
    assert metrics.distance(grey, brighter) == pytest.approx(27)  # three channels, 3² each
    assert metrics.distance(grey, grey) == 0
    features = metrics.features(grey)
    assert features is not None
    assert features.tolist() == [100, 100, 100]


def test_without_weights_there_is_no_value(tmp_path: Path) -> None:
    grey = np.zeros((4, 4, 3), np.uint8)
    assert Perceptual().distance(grey, grey) is None
    assert Perceptual().features(grey) is None
    (tmp_path / "no.pt").write_bytes(b"no network")
    with pytest.raises(EvaluationError, match=r"no\.pt"):
        Perceptual.load(tmp_path / "no.pt", None)


def test_frechet_distance_of_gaussians() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(0, 1, (4000, 3))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, one + np.array([3, 4, 0])) == pytest.approx(25, abs=1e-6)
    assert frechet_distance(one, 2 * one) == pytest.approx(3, rel=0.1)  # 3 · (2 − 1)²
    assert frechet_distance(one[:1], one) is None
