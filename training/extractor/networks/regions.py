"""A closer look at the face, the eyes and the mouth: patches of the whole crop, upright on the face, each with its own
network that finds landmarks in heatmaps.

In the trunk's input of 128 pixels an eye is 11 pixels wide and its lids are 3 apart: the trunk's heatmaps
(cells of 4 pixels) then follow where an eye is, and not whether it is shut. The trunk's landmarks place a
patch in the 256-pixel crop (as in Attention Mesh, Grishchenko et al. 2020); in it lids and lips are large. The
whole face has a patch too, for its outline, nose and cheeks: upright and of one size, they are easier to find.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.face3d.landmark_shape import ANCHORS, LEFT_EYE, MOUTH, NOSE_AND_CHEEKS, OVAL, RIGHT_EYE
from training.extractor.networks.heatmaps import PatchHeatmaps

FEATURES = 128
"""Features that a region's network outputs besides its anchors, for the coefficients."""

FARTHEST = 2.0
"""Largest distance of a region's anchors from its middle that is an input, in halves of its side."""

SMALLEST = 0.3
"""Least size of a face, in that of the mean one, that regions are cut for."""


@dataclass(frozen=True)
class Region:
    """A part of the face: its landmarks, the side of its patch in fractions of a crop whose face has the mean size, the
    patch's pixels, and its network's widths. A mirrored region is flipped left to right, so that one network
    serves both eyes."""

    landmarks: tuple[int, ...]
    side: float
    pixels: int
    widths: tuple[int, int, int, int] = (24, 48, 96, 128)
    mirrored: bool = False

    @property
    def anchors(self) -> list[int]:
        """Where its landmarks are among `ANCHORS`."""
        return [ANCHORS.index(landmark) for landmark in self.landmarks]


EYES = (Region(RIGHT_EYE, 0.18, 48), Region(LEFT_EYE, 0.18, 48, mirrored=True))
LIPS = Region(MOUTH, 0.3, 64)
FACE = Region(OVAL + NOSE_AND_CHEEKS, 0.7, 96, (16, 32, 64, 96))


class Regions(nn.Module):
    """Refines the anchors of eyes, mouth and the rest of the face.

    Args:
        mean: anchors of the mean face [K, 2], fractions of the crop.
    """

    def __init__(self, mean: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.eye, self.mouth, self.face = (_heatmaps(region) for region in (EYES[0], LIPS, FACE))
        self.describe_eye, self.describe_mouth = (_Description(region) for region in (EYES[0], LIPS))
        self.register_buffer("latest", _latest(*EYES, LIPS, FACE), persistent=False)

    mean: Tensor
    latest: Tensor

    def forward(self, crops: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
        """Crops [N, 3, 256, 256] and coarse anchors [N, K, 2] -> refined anchors, and features of eyes and mouth
        [N, 3 · FEATURES]."""
        anchors = anchors.detach()  # the trunk learns from its own landmarks; where patches lie has no gradient
        turn = similarity_to(self.mean, anchors)
        places, features = [anchors], []
        for region, heatmaps, describe in (
            (EYES[0], self.eye, self.describe_eye),
            (EYES[1], self.eye, self.describe_eye),
            (LIPS, self.mouth, self.describe_mouth),
            (FACE, self.face, None),
        ):
            frame = _Frame(region, anchors, turn)
            guess = frame.inside(anchors[:, region.anchors])
            found, deepest = heatmaps(frame.patch(crops), guess)
            places.append(frame.outside(found))
            if describe is not None:
                features.append(describe(deepest, guess))
        return torch.cat(places, 1)[:, self.latest], torch.cat(features, 1)


def _latest(*regions: Region) -> Tensor:
    """Where each anchor's last answer is, int64 [K], among the trunk's anchors and then those of the regions."""
    latest, count = torch.arange(len(ANCHORS)), len(ANCHORS)
    for region in regions:
        latest[region.anchors] = count + torch.arange(len(region.anchors))
        count += len(region.anchors)
    return latest


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


def _heatmaps(region: Region) -> PatchHeatmaps:
    return PatchHeatmaps(len(region.landmarks), region.pixels, region.widths)


class _Description(nn.Module):
    """A region's deepest map [N, C, h, w] and the guess of its anchors [N, P, 2] to features [N, FEATURES]."""

    def __init__(self, region: Region) -> None:
        super().__init__()
        # Normalised, or a wild first guess of the trunk leaves every unit dead: they never came back in 5,000 steps.
        # Over the batch, because all patches are much alike, and what is common to them carries no information.
        self.layers = nn.Sequential(
            nn.Linear((region.pixels // 16) ** 2 * region.widths[-1] + 2 * len(region.landmarks), FEATURES, bias=False),
            nn.BatchNorm1d(FEATURES),
            nn.ReLU(inplace=True),
        )

    def forward(self, deepest: Tensor, guess: Tensor) -> Tensor:
        described: Tensor = self.layers(torch.cat([deepest.flatten(1), guess.flatten(1).clamp(-FARTHEST, FARTHEST)], 1))
        return described
