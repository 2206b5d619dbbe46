"""Landmarks as centres of mass of heatmaps (integral regression, Sun et al. 2018), of a picture and of a patch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NECK = 48
"""Channels of the map, at stride 4 of a patch, that all scales are merged into."""

BLUR = 1.2
"""How sure an untrained network is of the trunk's guess: standard deviation, in cells of its heatmaps."""


def centres_of_mass(heatmaps: Tensor) -> Tensor:
    """Expected place (x, y) [N, K, 2], in fractions of the picture, under the softmax of each heatmap [N, K, h, w]."""
    height, width = heatmaps.shape[-2:]
    weights = heatmaps.float().flatten(2).softmax(-1).unflatten(2, (height, width))
    x = (torch.arange(width, dtype=weights.dtype, device=weights.device) + 0.5) / width
    y = (torch.arange(height, dtype=weights.dtype, device=weights.device) + 0.5) / height
    return torch.stack([(weights.sum(2) * x).sum(-1), (weights.sum(3) * y).sum(-1)], -1)


class PatchHeatmaps(nn.Module):
    """A patch and the trunk's guess of its anchors [N, P, 2] -> anchors [N, P, 2] in the patch's frame, from -1 to 1,
    and the deepest map [N, C, h, w].

    An anchor is the centre of mass of a heatmap (integral regression, as the trunk's are) that the guess has begun: a
    bell around it, to which the network adds a correction. Untrained, it leaves an anchor where the guess is. A dense
    layer did so even after 7,000 steps: its outputs were no better than the guess by more than a tenth.

    Args:
        count: P.
        pixels: side of the patch.
        widths: channels at strides 2, 4, 8 and 16.
    """

    def __init__(self, count: int, pixels: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        a, b, c, d = widths
        self.fine = nn.Sequential(_layer(3, a, 2), _layer(a, b, 2), _layer(b, b))
        self.middle = nn.Sequential(_layer(b, c, 2), _layer(c, c))
        self.deep = _layer(c, d, 2)
        self.laterals = nn.ModuleList(nn.Conv2d(width, NECK, 1) for width in (b, c, d))
        self.merge = _layer(NECK, NECK)
        self.heatmaps = nn.Conv2d(NECK, count, 1)
        nn.init.zeros_(self.heatmaps.weight)
        cells = pixels // 4
        self.precision = nn.Parameter(torch.full((count, 1, 1), (cells / (2 * BLUR)) ** 2))
        line = (torch.arange(cells) + 0.5) * (2 / cells) - 1
        self.register_buffer("line", line, persistent=False)

    line: Tensor

    def forward(self, patch: Tensor, guess: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(patch)
        middle = self.middle(fine)
        deep = self.deep(middle)
        merged = self.laterals[2](deep)
        merged = F.relu(self.laterals[1](middle) + F.interpolate(merged, scale_factor=2.0))
        merged = F.relu(self.laterals[0](fine) + F.interpolate(merged, scale_factor=2.0))
        x, y = ((guess.clamp(-1.0, 1.0)[..., None] - self.line).square() * -0.5).unbind(2)
        bell = (x[..., None, :] + y[..., None]) * self.precision  # as it is, or an exported file holds another number
        return 2 * centres_of_mass(self.heatmaps(self.merge(merged)).float() + bell) - 1, deep


def _layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Each patch is normalised by itself: over a batch, the patches of pictures without a face would set the scale, and
    what a lid changes would be lost in it."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(8, outputs), nn.ReLU(inplace=True)
    )
