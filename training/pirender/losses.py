"""The paper's losses (eq. 3, 5, 6 and 7), and what stands in for them where no VGG-19 is at hand."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.pirender.vgg import VGG19
from training.renderer.losses import PictureLoss


class Distance(NamedTuple):
    """How far pictures are from their targets: in content, over all scales, and in style, at the finest."""

    content: Tensor
    style: Tensor


class PerceptualDistance(nn.Module):
    """ℓ1 between VGG-19 features on a pyramid, and between their Gram matrices at its finest scale."""

    def __init__(self, vgg: VGG19, scales: int = 4) -> None:
        super().__init__()
        self.vgg, self.scales = vgg, scales

    def forward(self, picture: Tensor, target: Tensor) -> Distance:
        """Both [N, 3, H, W] in [-1, 1]; H and W at least 16 · 2^(scales - 1)."""
        content = style = picture.new_zeros(())
        for scale in range(self.scales):
            if scale:
                picture, target = _halved(picture), _halved(target)
            with torch.no_grad():
                targets = [feature.float() for feature in self.vgg(target)]
            outputs = [feature.float() for feature in self.vgg(picture)]
            for output, known in zip(outputs, targets, strict=True):
                content = content + F.l1_loss(output, known)
                if not scale:
                    style = style + F.l1_loss(gram(output), gram(known))
        return Distance(content, style)


class PyramidDistance(nn.Module):
    """This project's stand-in: rounded ℓ1 of pixels and their differences on four scales; it knows no style.

    It needs no weights of others, and is not the paper's: a run with it does not reproduce the paper.
    """

    def __init__(self, pictures: PictureLoss = PictureLoss()) -> None:  # noqa: B008  (frozen)
        super().__init__()
        self.pictures = pictures

    def forward(self, picture: Tensor, target: Tensor) -> Distance:
        """Both [N, 3, H, W] in [-1, 1]."""
        weight = picture.new_ones((len(picture), 1, *picture.shape[-2:]))
        return Distance(self.pictures(picture.float(), target.float(), weight.float()), picture.new_zeros(()))


def gram(features: Tensor) -> Tensor:
    """Gram matrices [N, C, C] of maps [N, C, h, w], divided by C·h·w."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat[0].numel()


def _halved(picture: Tensor) -> Tensor:
    return F.interpolate(picture, scale_factor=0.5, mode="bilinear", align_corners=False, recompute_scale_factor=True)
