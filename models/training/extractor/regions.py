"""A closer look at the face, the eyes and the mouth: patches of the whole crop, upright on the face, each with its own
network.

In the 128-pixel picture that the trunk sees an eye is 11 pixels wide and its lids are 3 apart: the trunk's heatmaps
(cells of 4 pixels) then follow where an eye is, and not whether it is shut. The trunk's landmarks say where to cut a
patch out of the 256-pixel crop (as in Attention Mesh, Grishchenko et al. 2020); in it lids and lips are large. The
whole face is looked at again too, for its outline, nose and cheeks: upright and of one size, they are easier to find.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.training.extractor.shape import ANCHORS, LEFT_EYE, MOUTH, NOSE_AND_CHEEKS, OVAL, RIGHT_EYE

FEATURES = 128
"""Numbers that a region's network says besides its anchors, for the coefficients."""

FARTHEST = 2.0
"""Where a region's anchors are told to lie at most, in halves of its side."""

SMALLEST = 0.3
"""Least size of a face, in that of the mean one, that regions are cut for."""


@dataclass(frozen=True)
class Region:
    """A part of the face: its landmarks, the side of its patch in fractions of a crop whose face has the mean size, and
    the patch's pixels. A mirrored region is seen left-right flipped, so that both eyes can share a network."""

    landmarks: tuple[int, ...]
    side: float
    pixels: int
    mirrored: bool = False

    @property
    def anchors(self) -> list[int]:
        """Where its landmarks are among `ANCHORS`."""
        return [ANCHORS.index(landmark) for landmark in self.landmarks]


EYES = (Region(RIGHT_EYE, 0.18, 48), Region(LEFT_EYE, 0.18, 48, mirrored=True))
LIPS = Region(MOUTH, 0.3, 64)
FACE = Region(OVAL + NOSE_AND_CHEEKS, 0.7, 96)


class Regions(nn.Module):
    """Refines the anchors of eyes, mouth and the rest of the face.

    Args:
        mean: anchors of the mean face [K, 2], fractions of the crop.
        widths: channels at strides 2, 4, 8 and 16 of a patch.
    """

    def __init__(self, mean: Tensor, widths: tuple[int, int, int, int] = (24, 48, 96, 128)) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.eye, self.mouth, self.face = (_RegionNet(region, widths) for region in (EYES[0], LIPS, FACE))

    mean: Tensor

    def forward(self, crops: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
        """Crops [N, 3, 256, 256] and coarse anchors [N, K, 2] -> refined anchors, and features of eyes and mouth
        [N, 3 · FEATURES]."""
        anchors = anchors.detach()  # the trunk learns from its own landmarks; where to look is not what is asked here
        turn = similarity_to(self.mean, anchors)
        refined, features = anchors.unbind(1), []
        places = list(refined)
        for region, network in ((EYES[0], self.eye), (EYES[1], self.eye), (LIPS, self.mouth), (FACE, self.face)):
            frame = _Frame(region, anchors, turn)
            offsets, feature = network(frame.patch(crops), frame.inside(anchors[:, region.anchors]))
            for place, point in zip(region.anchors, frame.outside(offsets).unbind(1), strict=True):
                places[place] = point
            features.append(feature)
        return torch.stack(places, 1), torch.cat(features[:-1], 1)


def similarity_to(mean: Tensor, anchors: Tensor) -> Tensor:
    """The scale and turn that lead from the mean anchors [K, 2] to others [N, K, 2], least squares: [N, 2], as the real
    and imaginary part of a complex factor; no smaller than `SMALLEST`, as a fresh trunk's collapsed guess would be."""
    a, b = mean - mean.mean(0), anchors - anchors.mean(1, keepdim=True)
    real, imaginary = (a * b).sum((1, 2)), (a[:, 0] * b[..., 1] - a[:, 1] * b[..., 0]).sum(1)
    factor = torch.stack([real, imaginary], 1) / a.square().sum()
    size = factor.norm(dim=1, keepdim=True)
    return factor * (size.clamp(min=SMALLEST) / size.clamp(min=1e-6))


class _Frame:
    """The coordinates of one region: (0, 0) in its middle, sides from -1 to 1, upright on the face."""

    def __init__(self, region: Region, anchors: Tensor, turn: Tensor) -> None:
        self._region = region
        self._centre = anchors[:, region.anchors].mean(1)
        self._cos, self._sin = (turn * (region.side / 2)).unbind(1)

    def outside(self, points: Tensor) -> Tensor:
        """Points [N, P, 2] of the region, in fractions of the crop."""
        x, y = points.unbind(-1)
        x = -x if self._region.mirrored else x
        cos, sin = self._cos[:, None], self._sin[:, None]
        return torch.stack([cos * x - sin * y, sin * x + cos * y], -1) + self._centre[:, None]

    def inside(self, points: Tensor) -> Tensor:
        """The inverse of `outside`."""
        x, y = (points - self._centre[:, None]).unbind(-1)
        cos, sin = self._cos[:, None], self._sin[:, None]
        size = cos.square() + sin.square()
        x, y = (cos * x + sin * y) / size, (cos * y - sin * x) / size
        return torch.stack([-x if self._region.mirrored else x, y], -1)

    def patch(self, crops: Tensor) -> Tensor:
        """What the region shows, [N, 3, pixels, pixels]."""
        pixels = self._region.pixels
        line = (torch.arange(pixels, device=crops.device) + 0.5) * (2 / pixels) - 1
        y, x = torch.meshgrid(line, line, indexing="ij")
        raster = torch.stack([x, y], -1).reshape(1, -1, 2)
        grid = self.outside(raster).unflatten(1, (pixels, pixels)) * 2 - 1
        return F.grid_sample(crops, grid, mode="bilinear", padding_mode="border", align_corners=False)


class _RegionNet(nn.Module):
    """A patch and the coarse anchors in it [N, P, 2] -> anchors [N, P, 2] in the region's frame, features."""

    def __init__(self, region: Region, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        count, (a, b, c, d) = len(region.landmarks), widths
        self.layers = nn.Sequential(
            *(_layer(3, a, 2), _layer(a, b, 2), _layer(b, b), _layer(b, c, 2), _layer(c, c), _layer(c, d, 2)),
            nn.Flatten(),
        )
        # Normalised, or a wild first guess of the trunk leaves every unit dead: they never came back in 5,000 steps.
        # Over the batch, because all patches are much alike, and what they share says nothing.
        self.description = nn.Sequential(
            nn.Linear((region.pixels // 16) ** 2 * d + 2 * count, FEATURES, bias=False),
            nn.BatchNorm1d(FEATURES),
            nn.ReLU(inplace=True),
        )
        self.anchors = nn.Linear(FEATURES, 2 * count)
        nn.init.zeros_(self.anchors.weight)
        nn.init.zeros_(self.anchors.bias)

    def forward(self, patch: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        features = self.description(torch.cat([self.layers(patch), coarse.flatten(1).clamp(-FARTHEST, FARTHEST)], 1))
        return coarse + self.anchors(features).unflatten(1, coarse.shape[1:]), features


def _layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Each patch is normalised by itself: over a batch, the patches of pictures without a face would set the scale, and
    what a lid changes would be lost in it."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(8, outputs), nn.ReLU(inplace=True)
    )
