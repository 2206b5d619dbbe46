"""Both kernels compute the same, each in its own way."""

from __future__ import annotations

import pytest
import torch

from models.face3d.kernels import COMPILED, PARALLEL, kernels_of
from models.face3d.pixels import grid

SIZE = 48


@pytest.fixture
def masks() -> torch.Tensor:
    """Three discs, two of which the picture's border cuts."""
    x, y = grid(SIZE, torch.device("cpu"))
    centres = ((24, 24, 15), (2, 30, 12), (40, 46, 20))
    return torch.stack([(x - cx) ** 2 + (y - cy) ** 2 < radius**2 for cx, cy, radius in centres])


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(3, 2, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 255


def test_a_core_compiles_and_a_gpu_works_in_parallel() -> None:
    assert kernels_of("cpu") is COMPILED
    assert kernels_of("cuda:1") is PARALLEL


@pytest.mark.parametrize("width", [5, 9])
def test_neighbourhoods_are_equal(masks: torch.Tensor, width: int) -> None:
    assert torch.equal(COMPILED.erode(masks, width), PARALLEL.erode(masks, width))
    assert torch.equal(COMPILED.dilate(masks, width), PARALLEL.dilate(masks, width))
    assert COMPILED.erode(masks, width).any()


def test_depth_in_a_mask_is_equal_but_for_its_edge(masks: torch.Tensor) -> None:
    deep, expected = COMPILED.deep(masks, 6.0), PARALLEL.deep(masks, 6.0)
    assert expected[0, 24, 24]
    assert not expected[0, 24, 10]
    assert (deep != expected).float().mean() < 0.02


def test_blurs_and_percentiles_are_equal(masks: torch.Tensor, pictures: torch.Tensor) -> None:
    torch.testing.assert_close(COMPILED.blur(pictures, 0.7), PARALLEL.blur(pictures, 0.7), atol=0.01, rtol=0)
    chosen = masks.flatten(1).clone()
    chosen[1] = False
    values = pictures[:, 0].flatten(1)
    found = COMPILED.percentile(values, chosen, 15)
    torch.testing.assert_close(found, PARALLEL.percentile(values, chosen, 15), atol=1e-3, rtol=0)
    assert found[1] == 0
    assert float(found[0]) == pytest.approx(float(values[0][chosen[0]].quantile(0.15)), abs=1e-3)


def test_pictures_are_read_at_the_same_places(pictures: torch.Tensor) -> None:
    levels = pictures.round().to(torch.uint8)
    position = grid(SIZE, torch.device("cpu")) + torch.tensor([0.5, -3.25])[:, None, None]
    found, expected = (kernels.sample(levels, position.expand(3, -1, -1, -1)) for kernels in (COMPILED, PARALLEL))
    assert (found - expected).abs().max() <= 1
    for values in (found, expected):
        assert torch.equal(values[:, :, 0], values[:, :, 2]), "above the picture its border is repeated"


def test_polygons_and_lines_cover_the_same_pixels() -> None:
    position = (grid(SIZE, torch.device("cpu")) + 10).movedim(0, -1).expand(2, -1, -1, -1)
    rings = torch.tensor([[[15.0, 15], [45, 20], [40, 50]], [[20.0, 40], [50, 42], [30, 20]]])
    filled, expected = (kernels.polygon(rings, position) for kernels in (COMPILED, PARALLEL))
    assert filled.sum() > 500
    assert (filled & expected).sum() > 0.95 * (filled | expected).sum()
    lines = [k.line(rings, torch.tensor([2.0, 3.0]), torch.tensor([0.5, 1.0]), position) for k in (COMPILED, PARALLEL)]
    assert float(lines[0].amax()) == pytest.approx(1, abs=0.02)
    assert (lines[0] - lines[1]).abs().mean() < 0.01


def test_a_flow_is_completed_alike_and_the_border_stays(masks: torch.Tensor) -> None:
    flow = torch.tensor([3.0, -2.0])[:, None, None] * masks[:1, None]
    found, expected = (kernels.complete(flow, masks[:1]) for kernels in (COMPILED, PARALLEL))
    assert (found - expected).abs().max() < 0.3
    assert found[0, 0, 24, 24] == 3
    assert found[..., 0].abs().max() == 0
    assert 0 < found[0, 0, 24, 4] < 3
