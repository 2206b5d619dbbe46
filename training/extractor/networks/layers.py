"""Layers that both networks of the extractor are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution with batch normalisation, no activation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)
    )


class Separable(nn.Module):
    """Depthwise 5x5 and pointwise convolution with a residual connection where the shapes allow one."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise, self.pointwise = conv(inputs, inputs, 5, stride, groups=inputs), conv(inputs, outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        # A CPU's backward pass through depthwise convolutions is 3 to 10 times slower in bfloat16 than in float32.
        with torch.autocast(x.device.type, enabled=False):
            y = self.depthwise(x.float())
        y = self.pointwise(y)
        return F.relu(x + y if self.residual else y)


def stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """`blocks` separable blocks, the first of which halves the resolution."""
    return nn.Sequential(Separable(inputs, outputs, 2), *(Separable(outputs, outputs) for _ in range(blocks - 1)))
