"""Warping by a flow field."""

from __future__ import annotations

import torch

from models.renderer.flow import composed, reference_warp, warp


def ramp(height: int = 64, width: int = 64) -> torch.Tensor:
    """A picture whose red is its x and whose green is its y, in pixels."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([x, y, torch.zeros_like(x)]).float()[None]


def test_zero_flow_changes_nothing() -> None:
    image = torch.rand(2, 3, 96, 96)
    torch.testing.assert_close(warp(image, torch.zeros(2, 2, 24, 24)), image, atol=1e-5, rtol=0)


def test_flow_is_backward_and_in_pixels_of_its_own_grid() -> None:
    image = ramp()
    flow = torch.zeros(1, 2, 16, 16)
    flow[:, 0] = 2.0  # two pixels of 16: eight of 64, to the right
    moved = warp(image, flow)
    torch.testing.assert_close(moved[0, 0, :, 4:50], image[0, 0, :, 12:58], atol=1e-3, rtol=0)
    torch.testing.assert_close(moved[0, 1, :, 4:50], image[0, 1, :, 4:50], atol=1e-3, rtol=0)


def test_border_is_repeated_outside() -> None:
    flow = torch.full((1, 2, 16, 16), 100.0)
    torch.testing.assert_close(
        warp(ramp(), flow), torch.tensor([63.0, 63.0, 0.0])[None, :, None, None].expand(1, 3, 64, 64)
    )


def test_one_flow_moves_a_thumbnail_and_a_photo_alike() -> None:
    flow = torch.randn(1, 2, 8, 8).clamp(-1, 1)
    small, large = warp(ramp(32, 32) / 32, flow), warp(ramp(128, 128) / 128, flow)
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    assert (small - shrunk)[..., 4:-4, 4:-4].abs().mean() < 0.02


def test_reference_warp_reproduces_the_authors_formulas() -> None:
    torch.manual_seed(0)
    image, flow = torch.rand(1, 3, 32, 32), torch.randn(1, 2, 8, 8)
    # Independent re-computation: align-corners grid plus flow · 2 / (n - 1), upsampled, sampled without align-corners.
    axis = 2 * torch.arange(8) / 7 - 1
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"))[None] + 2 * flow / 7
    grid = torch.nn.functional.interpolate(grid, size=(32, 32), mode="bilinear", align_corners=False)
    expected = torch.nn.functional.grid_sample(image, grid.permute(0, 2, 3, 1), align_corners=False)
    torch.testing.assert_close(reference_warp(image, flow), expected, atol=1e-5, rtol=0)


def test_joined_flows_do_what_one_does_after_the_other() -> None:
    first, second = torch.zeros(1, 2, 64, 64), torch.zeros(1, 2, 64, 64)
    first[:, 0], second[:, 1] = 3.0, -2.0
    first[:, 0] += torch.linspace(-1, 1, 64)[:, None]  # so that the order matters
    image = ramp()
    wanted = warp(warp(image, first), second)
    torch.testing.assert_close(
        warp(image, composed(first, second))[..., 8:-8, 8:-8], wanted[..., 8:-8, 8:-8], atol=2e-2, rtol=0
    )
