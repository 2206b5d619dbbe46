"""What is painted into a photo has the photo's colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.renderer.palette import Palette


def face(colour: bool) -> torch.Tensor:
    """A crop [1, 3, 128, 128] of all lightnesses, grey or with colours in every direction."""
    generator = torch.Generator().manual_seed(0)
    light = torch.linspace(-0.9, 0.9, 128).expand(1, 3, 128, 128)
    return light + (0.2 * torch.rand(1, 3, 128, 128, generator=generator) - 0.1 if colour else 0)


def spread(picture: torch.Tensor) -> torch.Tensor:
    return picture.amax(1) - picture.amin(1)


def test_paint_on_a_grey_photo_is_grey_and_as_light() -> None:
    crop = face(colour=False)
    paint = crop + torch.tensor([0.3, -0.1, 0.1])[:, None, None]
    painted = Palette.of(crop).painted(crop, paint)
    assert spread(painted).max() < 1e-4
    light = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    torch.testing.assert_close((painted * light).sum(1), (paint * light).sum(1), atol=1e-4, rtol=0)


def test_paint_on_a_tinted_print_takes_its_tint() -> None:
    crop = face(colour=False)
    tinted = crop + torch.tensor([0.12, 0.0, -0.12])[:, None, None] * (1 - crop)
    grey_paint = (tinted - 0.2).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    painted = Palette.of(tinted).painted(tinted, grey_paint)[..., 45:98]
    expected = 0.24 * (1 - painted.mean(1))
    torch.testing.assert_close(painted[:, 0] - painted[:, 2], expected, atol=0.03, rtol=0)


def test_colours_that_the_photo_has_stay_as_they_are() -> None:
    crop = face(colour=True)
    paint = crop.flip(-1).roll(3, 1)
    assert torch.equal(Palette.of(crop).painted(crop, crop), crop)
    assert (Palette.of(crop).painted(crop, paint) - paint).abs().mean() < 0.002
    loud = crop + torch.tensor([0.8, -0.8, 0.0])[:, None, None]
    assert spread(Palette.of(crop).painted(crop, loud)).max() < spread(crop).max() * 1.5


def test_a_colour_of_the_moved_photo_is_kept_where_it_is_rare() -> None:
    crop = face(colour=False)
    warped = crop.clone()
    warped[..., :9, :9] = torch.tensor([0.9, -0.8, -0.8])[:, None, None]
    assert torch.allclose(Palette.of(crop).painted(warped, warped), warped)


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_a_photo_of_one_colour_is_no_trouble(level: float) -> None:
    crop = torch.full((2, 3, 64, 64), level)
    painted = Palette.of(crop).painted(crop, crop)
    assert np.isfinite(painted.numpy()).all()
    torch.testing.assert_close(painted, crop)


def test_a_core_and_a_gpu_paint_alike() -> None:
    generator = torch.Generator().manual_seed(1)
    warped = torch.rand(2, 3, 40, 30, generator=generator) * 2 - 1
    image = warped + 0.4 * torch.randn(2, 3, 40, 30, generator=generator)
    palette = Palette.of(0.3 * warped)
    torch.testing.assert_close(
        palette._painted_on_a_core(warped, image), palette._painted_in_parallel(warped, image), atol=1e-5, rtol=0
    )
