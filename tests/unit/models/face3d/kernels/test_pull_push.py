"""Holes are filled smoothly; what is known stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.face3d.kernels import pull_push_core
from models.face3d.kernels.pull_push import pull_push
from models.face3d.kernels.raster import extend_harmonically


@pytest.fixture
def ramp() -> torch.Tensor:
    """Two channels that rise evenly across and down 48 × 40 pixels: a harmonic picture."""
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(40.0), indexing="ij")
    return torch.stack([x, 2 * y])[None]


def test_known_values_are_left_alone_and_holes_filled_smoothly(ramp: torch.Tensor) -> None:
    known = torch.ones(1, 48, 40, dtype=torch.bool)
    known[:, 14:30, 8:26] = False
    holed = torch.where(known[:, None], ramp, 1000.0)
    filled = pull_push(holed, known)
    assert torch.equal(filled[known[:, None].expand_as(filled)], ramp[known[:, None].expand_as(ramp)])
    assert (filled - ramp).abs().max() < 1
    assert filled.diff(dim=-1).abs().max() < 2
    assert filled.diff(dim=-2).abs().max() < 3


def test_one_known_pixel_fills_the_picture() -> None:
    known = torch.zeros(1, 1, 37, 64, dtype=torch.bool)
    known[..., 20, 5] = True
    torch.testing.assert_close(pull_push(torch.full((1, 3, 37, 64), 7.0), known), torch.full((1, 3, 37, 64), 7.0))


def test_nothing_known_is_zero() -> None:
    assert (pull_push(torch.ones(2, 1, 16, 16), torch.zeros(2, 16, 16, dtype=torch.bool)) == 0).all()


def test_the_fill_is_close_to_harmonic() -> None:
    """A disc that moves by up to five pixels in a picture whose border does not."""
    y, x = np.mgrid[0:64, 0:64]
    known = (x - 30) ** 2 / 225 + (y - 30) ** 2 / 400 < 1
    flow = np.stack([-4 + np.sin(x / 6), 2 + 0.05 * x], -1).astype(np.float32) * known[..., None]
    harmonic = flow.copy()
    extend_harmonically(harmonic, known, 500)
    border = known.copy()
    border[[0, -1]] = border[:, [0, -1]] = True
    filled = pull_push(torch.from_numpy(flow).permute(2, 0, 1)[None], torch.from_numpy(border)[None])
    difference = np.abs(filled[0].permute(1, 2, 0).numpy() - harmonic)
    assert difference.max() < 0.25
    assert difference.mean() < 0.05


@pytest.mark.parametrize("size", [(48, 40), (37, 64), (5, 1)])
def test_a_core_fills_as_tensors_do(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    values, known = rng.uniform(0, 255, (*size, 3)).astype(np.float32), rng.random(size) < 0.1
    of_tensors = pull_push(torch.from_numpy(values).permute(2, 0, 1)[None], torch.from_numpy(known)[None], 4)
    filled = pull_push_core.pull_push(values, known, 4)
    np.testing.assert_allclose(filled, of_tensors[0].permute(1, 2, 0).numpy(), atol=1e-3)
    assert (filled[known] == values[known]).all()
