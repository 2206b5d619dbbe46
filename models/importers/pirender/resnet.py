"""ResNet-50 with Deep3DFaceRecon's seven heads, named as in its checkpoint (`net_recon` of `epoch_20.pth`)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = (80, 64, 80, 3, 27, 2, 1)
"""Identity, expression, texture, angles, lighting, translation x and y, translation z."""

_EXPANSION = 4


@dataclass(frozen=True)
class ResNetConfig:
    """Channels of the first stage, and blocks a stage; the default is ResNet-50 (He et al. 2016)."""

    width: int = 64
    blocks: tuple[int, ...] = (3, 4, 6, 3)


class _Bottleneck(nn.Module):
    """1 × 1, 3 × 3, 1 × 1, with the stride at the 3 × 3 (ResNet "V1.5")."""

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        outside = width * _EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(inside, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outside, 1, bias=False), nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.bn1(self.conv1(x)))
        inner = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(inner)))))
        return F.relu(inner + (x if self.downsample is None else self.downsample(x)))


class _Backbone(nn.Module):
    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, config.width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.width)
        inside, self.stages = config.width, len(config.blocks)
        for stage, blocks in enumerate(config.blocks):
            width = config.width * 2**stage
            layers = []
            for block in range(blocks):
                layers.append(_Bottleneck(inside, width, 2 if stage and not block else 1))
                inside = width * _EXPANSION
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.channels = inside

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return F.adaptive_avg_pool2d(x, 1)


class Deep3DNetwork(nn.Module):
    """An aligned face to 257 coefficients."""

    def __init__(self, config: ResNetConfig = ResNetConfig()) -> None:
        super().__init__()
        self.backbone = _Backbone(config)
        self.final_layers = nn.ModuleList(nn.Conv2d(self.backbone.channels, size, 1) for size in HEADS)

    def forward(self, picture: Tensor) -> Tensor:
        """RGB in [0, 1], [N, 3, 224, 224], neither centred nor scaled, to [N, 257]."""
        features = self.backbone(picture)
        return torch.cat([head(features) for head in self.final_layers], 1).flatten(1)
