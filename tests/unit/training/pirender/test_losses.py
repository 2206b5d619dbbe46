"""VGG-19 of torchvision's layout, the perceptual and style losses by hand, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import TrainingDataError
from training.pirender.losses import PerceptualDistance, PyramidDistance
from training.pirender.vgg import load_vgg

LAYERS = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 16: 256, 19: 512, 21: 512, 23: 512, 25: 512, 28: 512}


def torchvision_state() -> dict[str, Tensor]:
    """Random weights in the layout of torchvision's vgg19, what follows relu_5_1 in token size."""
    generator = torch.Generator().manual_seed(0)
    state, inside = {}, 3
    for index, width in LAYERS.items():
        state[f"features.{index}.weight"] = (
            torch.randn(width, inside, 3, 3, generator=generator) * (2 / (9 * inside)) ** 0.5
        )
        state[f"features.{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
        inside = width
    for index in (30, 32, 34):
        state[f"features.{index}.weight"] = torch.zeros(1, 1, 3, 3)
    return state | {"classifier.0.weight": torch.zeros(1, 1)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    torch.save(torchvision_state(), path)
    return path


def features(state: dict[str, Tensor], picture: Tensor) -> list[Tensor]:
    """torchvision's `features` one after the other, as its list of layers reads."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((picture + 1) / 2 - mean[:, None, None]) / deviation[:, None, None]
    found = []
    for index in range(30):
        if index in LAYERS:
            x = F.conv2d(x, state[f"features.{index}.weight"], state[f"features.{index}.bias"], padding=1)
        elif index - 1 in LAYERS:
            x = x.clamp(min=0)
            if index in (1, 6, 11, 20, 29):
                found.append(x)
        else:
            x = F.max_pool2d(x, 2)
    return found


@pytest.mark.slow
@torch.no_grad()
def test_content_and_style_are_the_papers(weights: Path) -> None:
    state = torchvision_state()
    picture, target = (torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(i)) * 2 - 1 for i in (1, 2))
    distance = PerceptualDistance(load_vgg(weights), scales=2)(picture, target)
    content = style = torch.zeros(())
    for scale in range(2):
        size = 64 // 2**scale
        here, there = (F.interpolate(p, (size, size), mode="bilinear", align_corners=False) for p in (picture, target))
        for ours, theirs in zip(features(state, here), features(state, there), strict=True):
            content = content + (ours - theirs).abs().mean()
            if not scale:
                _, c, h, w = ours.shape
                grams = [torch.einsum("nchw,ndhw->ncd", f, f) / (c * h * w) for f in (ours, theirs)]
                style = style + (grams[0] - grams[1]).abs().mean()
    torch.testing.assert_close(distance.content, content, rtol=1e-4, atol=0)
    torch.testing.assert_close(distance.style, style, rtol=1e-4, atol=0)


def test_gradients_reach_the_picture_and_not_the_weights(weights: Path) -> None:
    distance = PerceptualDistance(load_vgg(weights), scales=1)
    picture = torch.zeros(1, 3, 32, 32, requires_grad=True)
    found = distance(picture, torch.rand(1, 3, 32, 32))
    (found.content + found.style).backward()
    assert picture.grad is not None
    assert picture.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in distance.parameters())


def test_other_weights_are_refused_by_name(tmp_path: Path, weights: Path) -> None:
    sound, path = torch.load(weights, weights_only=True), tmp_path / "vgg.pth"
    bias = sound["features.14.bias"]
    without = {name: tensor for name, tensor in sound.items() if name != "features.14.bias"}
    for state in (without, sound | {"features.14.gain": bias}, sound | {"features.14.bias": bias / 0}):
        torch.save(state, path)
        with pytest.raises(TrainingDataError, match=r"--vgg.*features\.14"):
            load_vgg(path)


def test_the_pyramid_is_zero_at_the_goal_and_knows_no_style() -> None:
    picture = torch.rand(1, 3, 32, 32)
    distance = PyramidDistance()
    assert distance(picture, picture).content == 0
    assert distance(picture, 1 - picture).content > 0
    assert distance(picture, 1 - picture).style == 0
