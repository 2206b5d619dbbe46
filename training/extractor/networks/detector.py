"""The face detector: a small fully convolutional, anchor-free network of depthwise-separable blocks."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from training.extractor.networks.layers import Separable, conv, stage

STRIDE = 8
OUTPUTS = ("heatmap", "box", "points")


class DetectorNet(nn.Module):
    """RGB pictures [N, 3, H, W] in [-1, 1], H and W multiples of 32 -> three maps at stride 8.

    heatmap [N, 1, h, w]: the logit of "a face is centred here". box [N, 3, h, w]: offset of the face's centre from the
    cell's centre (cells) and the logarithm of the box's side (cells). points [N, 10, h, w]: the five points, x y x y …,
    from the face's centre, in box sides.

    Args:
        widths: channels at strides 4, 8, 16 and 32.
        neck: channels of the map that all scales are merged into.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (32, 64, 128, 192), neck: int = 48) -> None:
        super().__init__()
        b, c, d, e = widths
        self.stem = nn.Sequential(conv(3, b, 7, 4), nn.ReLU(), Separable(b, b))
        self.stride8, self.stride16, self.stride32 = stage(b, c, 3), stage(c, d, 4), stage(d, e, 4)
        self.lateral8, self.lateral16, self.lateral32 = conv(c, neck), conv(d, neck), conv(e, neck)
        self.merge16, self.merge8 = Separable(neck, neck), nn.Sequential(Separable(neck, neck), Separable(neck, neck))
        self.heads = nn.ModuleDict({name: nn.Conv2d(neck, n, 1) for name, n in zip(OUTPUTS, (1, 3, 10), strict=True)})
        heatmap = self.heads["heatmap"]
        assert isinstance(heatmap, nn.Conv2d)
        assert heatmap.bias is not None
        nn.init.constant_(heatmap.bias, -4.0)  # faces are rare: start from saying so

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        c8 = self.stride8(self.stem(x))
        c16 = self.stride16(c8)
        c32 = self.stride32(c16)
        p16 = self.merge16(F.relu(self.lateral16(c16) + F.interpolate(self.lateral32(c32), scale_factor=2.0)))
        p8 = self.merge8(F.relu(self.lateral8(c8) + F.interpolate(p16, scale_factor=2.0)))
        heatmap, box, points = (self.heads[name](p8) for name in OUTPUTS)
        return heatmap, box, points
