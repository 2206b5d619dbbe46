"""Losses of the renderer's stages."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from training.pairs.batches import PairBatch
from training.renderer.losses import FlowLoss, PaintingLoss, PictureLoss, editing_alpha

flow_loss, painting_loss, picture_loss = FlowLoss(), PaintingLoss(), PictureLoss()


def batch() -> PairBatch:
    ones = torch.ones(2, 1, 128, 128)
    zeros = torch.zeros(2, 59)
    picture = torch.rand(2, 3, 256, 256) * 2 - 1
    return PairBatch(
        picture, picture, zeros, zeros, torch.zeros(2, 2, 64, 64), torch.ones(2, 1, 64, 64), ones, 0 * ones
    )


def test_flow_loss_is_in_pixels_of_the_picture() -> None:
    one_pixel_of_the_grid = torch.ones(2, 2, 64, 64)
    absolute, squared = (4.0 + 0.125 * 4.0**2) / 0.05**0.5, 4.0**2 / 0.3
    four_pixels = absolute + squared
    assert flow_loss(one_pixel_of_the_grid, batch()).item() == pytest.approx(four_pixels)
    off_mesh = replace(batch(), mesh=torch.zeros(2, 1, 64, 64))
    assert flow_loss(one_pixel_of_the_grid, off_mesh).item() == pytest.approx(four_pixels * 0.3)


def test_a_small_motion_counts_for_more_of_the_flow_loss_than_its_size() -> None:
    still = torch.zeros(2, 2, 64, 64)
    turn, blink = torch.full((2, 2, 64, 64), 20.0), torch.zeros(2, 2, 64, 64)
    blink[:, :, 20:22, 10:20] = 3
    loss_of_a_turn, loss_of_a_blink = (flow_loss(still, replace(batch(), flow=flow)).item() for flow in (turn, blink))
    assert loss_of_a_blink / loss_of_a_turn > 5 * (blink.sum() / turn.sum()).item()


def test_picture_loss_weighs_errors_where_its_weight_is() -> None:
    target, weight = torch.rand(2, 3, 256, 256), torch.ones(2, 1, 256, 256)
    wrong = target.clone()
    wrong[..., :64, :64] += 0.5
    plain = picture_loss(wrong, target, weight).item()
    assert plain > 0
    assert picture_loss(target, target, weight).item() == 0
    assert picture_loss(wrong, target, 6 * weight).item() == pytest.approx(6 * plain, rel=1e-4)
    weight[..., :80, :80] = 0
    assert picture_loss(wrong, target, weight).item() == 0


def test_editing_aims_at_the_target_only_in_detail_that_no_warp_shows() -> None:
    skin, teeth = torch.zeros(2, 3, 256, 256), torch.zeros(2, 3, 256, 256)
    teeth[..., 64:128, 64:128] = 0.8  # the mouth
    teeth[..., 64:128, 160:224] = 0.8  # a hand: no detail of the face
    mouth = torch.zeros(2, 1, 128, 128)
    mouth[..., 16:72, 16:72] = 1
    example = replace(batch(), source=skin, target=teeth, detail=mouth)
    alpha = editing_alpha(example)
    assert alpha[..., 68:124, 68:124].min() == 1
    assert alpha[..., 40:50, 40:50].max() == 0  # detail that the warp does show
    assert alpha[..., 160:].max() == 0
    assert editing_alpha(replace(example, reliable=torch.zeros_like(mouth))).max() == 0


def test_painting_is_judged_where_it_is_shown_and_the_gate_everywhere() -> None:
    target, alpha = torch.zeros(2, 3, 256, 256), torch.zeros(2, 1, 256, 256)
    alpha[..., 64:128, 64:128] = 1
    elsewhere, there = target.clone(), target.clone()
    elsewhere[..., 160:] = 0.5
    there[..., 80:100, 80:100] = 0.5
    sure = 20 * (alpha - 0.5)
    best = painting_loss(target, sure, target, alpha)
    torch.testing.assert_close(painting_loss(elsewhere, sure, target, alpha), best)
    assert painting_loss(there, sure, target, alpha) > best + 0.1
    assert painting_loss(target, -sure, target, alpha) > best + 0.1


def test_weights_are_fields() -> None:
    one_pixel_of_the_grid = torch.ones(2, 2, 64, 64)
    absolute, squared = (4.0 + 0.125 * 4.0**2) / 0.05**0.5, 4.0**2 / 0.3
    weighed = FlowLoss(absolute_weight=2, relative_weight=0.5)
    assert weighed(one_pixel_of_the_grid, batch()).item() == pytest.approx(2 * absolute + 0.5 * squared)
    target, alpha = torch.rand(2, 3, 256, 256), torch.full((2, 1, 256, 256), 0.5)
    gate_alone = PaintingLoss(picture_weight=0, gate_weight=2)(-target, 0 * alpha, target, alpha)
    gate = PaintingLoss()(target, 0 * alpha, target, alpha)
    torch.testing.assert_close(gate_alone, 2 * gate)
    assert PictureLoss(gradient_weight=3)(-target, target, alpha) > PictureLoss()(-target, target, alpha)
