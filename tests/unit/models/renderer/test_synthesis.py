"""From a 256² rendering to the photo's own resolution and back into the photo."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.renderer.pirenderer import Rendering
from models.renderer.synthesis import (
    Seam,
    _levels_in_parallel,
    feathered_mask,
    full_resolution,
    painted_levels,
    tapered,
    to_picture,
    to_tensor,
)


def still(change: float = 0.0) -> Rendering:
    warped = torch.zeros(1, 3, 256, 256)
    return Rendering(torch.zeros(1, 2, 64, 64), warped, warped + change)


@pytest.mark.parametrize("side", [97, 256, 600])
def test_a_rendering_without_motion_or_change_keeps_the_crop(side: int) -> None:
    crop = torch.rand(1, 3, side, side) * 2 - 1
    torch.testing.assert_close(full_resolution(crop, still()), crop, atol=1e-3, rtol=0)


def test_the_editing_networks_change_is_added_at_any_resolution() -> None:
    crop = torch.zeros(1, 3, 600, 600)
    torch.testing.assert_close(full_resolution(crop, still(0.25)), crop + 0.25, atol=1e-4, rtol=0)


def test_a_repainted_area_shows_nothing_of_the_photos_detail_and_a_faint_change_keeps_it() -> None:
    crop = torch.zeros(1, 3, 512, 512)
    crop[..., ::2] = 0.1  # finer than 256² can show
    painted, faint = (full_resolution(crop, still(change)) for change in (0.5, 0.02))
    torch.testing.assert_close(painted, torch.full_like(crop, 0.5), atol=1e-3, rtol=0)
    torch.testing.assert_close(faint, crop + 0.02, atol=1e-3, rtol=0)


def test_a_moving_crop_meets_the_photo_that_stands_still_around_it() -> None:
    ramp = torch.linspace(-1, 1, 256).expand(1, 3, 256, 256)
    flow = torch.full((1, 2, 64, 64), 4.0)  # of 64: every pixel was a sixteenth of the side further right and down
    moved = full_resolution(ramp, Rendering(flow, torch.zeros(1, 3, 256, 256), torch.zeros(1, 3, 256, 256)))
    torch.testing.assert_close(moved[..., :2], ramp[..., :2], atol=0.01, rtol=0)
    torch.testing.assert_close(moved[..., 0, :], ramp[..., 0, :], atol=0.01, rtol=0)
    middle = (..., slice(60, 190), slice(60, 190))
    torch.testing.assert_close(moved[middle], ramp[middle] + 2 / 16, atol=0.01, rtol=0)
    assert (moved.diff(dim=-1) > 0).all(), "nothing folds"


def test_a_tall_flow_comes_to_rest_on_every_side() -> None:
    tapering = tapered(torch.ones(1, 2, 40, 20))
    for edge in (tapering[..., 0], tapering[..., -1], tapering[..., 0, :], tapering[..., -1, :]):
        assert not edge.any()
    assert (tapering[..., 8:32, 5:15] == 1).all()


def test_pasting_leaves_everything_outside_the_crop_bit_identical() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    crop = 255 - photo[20:84, 30:94]
    pasted = Seam(photo, 30, 20, 64).paste(crop)
    outside = np.ones(photo.shape[:2], bool)
    outside[20:84, 30:94] = False
    assert np.array_equal(pasted[outside], photo[outside])
    assert np.array_equal(pasted[52, 62], crop[32, 32]), "the middle is the rendered crop alone"
    assert np.array_equal(pasted[20, 30:94], photo[20, 30:94]), "the seam begins at the photo"
    assert np.array_equal(photo, np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8))


def test_a_crop_over_the_border_has_no_seam_there() -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    crop = np.full((80, 80, 3), 200, np.uint8)
    pasted = Seam(photo, -20, 10, 80).paste(crop)
    assert (pasted[50, 0] == 200).all()
    assert (pasted[50, 59] == 0).all()
    assert (pasted[50, 60:] == 0).all()


def test_a_crop_wholly_outside_changes_nothing() -> None:
    photo = np.full((50, 50, 3), 7, np.uint8)
    assert np.array_equal(Seam(photo, 60, 0, 20).paste(np.zeros((20, 20, 3), np.uint8)), photo)


def test_the_mask_falls_smoothly_from_one_to_zero() -> None:
    mask = feathered_mask(200)
    assert mask[0].max() == mask[:, 0].max() == 0
    assert mask[100, 100] == 1
    assert np.abs(np.diff(mask[100])).max() < 0.12


def test_pictures_survive_the_way_to_tensors_and_back() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    assert np.array_equal(to_picture(to_tensor(picture, torch.device("cpu"))[0]), picture)


def test_a_core_and_a_gpu_lay_paint_over_a_photo_alike() -> None:
    generator = torch.Generator().manual_seed(1)
    warped = torch.rand(2, 3, 40, 30, generator=generator) * 2 - 1
    image = warped + 0.4 * torch.rand(2, 1, 40, 30, generator=generator)
    rendering = Rendering(torch.zeros(2, 2, 8, 8), warped, image)
    expected = _levels_in_parallel(rendering).movedim(1, -1).numpy()
    assert 0 < expected[..., 3].min() < 1
    np.testing.assert_allclose(painted_levels(rendering), expected, atol=1e-3)
