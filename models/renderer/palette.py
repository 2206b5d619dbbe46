"""A photo's colours, which nothing that is painted into it may exceed: grey in, grey out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.renderer.painting import in_colours

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in JPEG
_BINS = 17  # of lightness: a print's tint varies slowly from its shadows to its lights
_SPILL = 4.0  # a bin that no pixel fills takes its nearest neighbour's tint
_FACE = (slice(0.275, 0.811), slice(0.232, 0.768))  # rows and columns of the face box in a crop by the crop policy
_MOST = 0.995  # of the face's pixels are no more colourful than it allows; the rest may be noise


@dataclass(frozen=True)
class Palette:
    """The colours of N faces.

    A colour's distance from grey is its three channels less its lightness. A print's tint follows its
    lightness; what is beyond the tint is the colourfulness of the photo: next to none in grey, sepia or cyan prints.

    Attributes:
        tint: mean distance from grey at evenly spaced lightnesses, [N, 3, bins].
        reach: how far from the tint nearly all pixels of the face stay, as the spread of the channels, [N].
    """

    tint: Tensor
    reach: Tensor

    @classmethod
    def of(cls, crops: Tensor) -> Palette:
        """The palettes of crops [N, 3, H, W] in [-1, 1], cut by the crop policy."""
        height, width = crops.shape[-2:]
        rows, columns = (
            slice(int(part.start * size), int(part.stop * size), 2)
            for part, size in zip(_FACE, (height, width), strict=True)
        )
        pixels = crops[..., rows, columns].flatten(2)
        light, colour = _parts(pixels)
        below, fraction = _bin(light)
        sums = pixels.new_zeros(len(pixels), 4, _BINS)
        values = torch.cat([colour, torch.ones_like(light)], 1)
        for index, weight in ((below, 1 - fraction), (below + 1, fraction)):
            sums.scatter_add_(2, index.expand(-1, 4, -1), values * weight)
        bins = torch.arange(_BINS, device=crops.device)
        spill = (-_SPILL * (bins[:, None] - bins).abs()).exp().to(sums)
        sums = sums @ spill
        palette = cls(sums[:, :3] / sums[:, 3:], pixels.new_zeros(len(pixels)))
        beyond = _spread(palette._beyond_tint(pixels))[:, 0]
        return cls(palette.tint, beyond.quantile(_MOST, dim=1))

    def painted(self, warped: Tensor, image: Tensor) -> Tensor:
        """A painted picture with the colours that its photo has; lightness stays, and so does what was not painted.

        Args:
            warped: the moved photo [N, 3, H, W] in [-1, 1]; it keeps colours of its own that are rarer.
            image: the same with what was painted.
        """
        if image.device.type == "cpu":
            return self._painted_on_a_core(warped, image)
        return self._painted_in_parallel(warped, image)

    def _painted_on_a_core(self, warped: Tensor, image: Tensor) -> Tensor:
        rows = zip(warped, image, self.tint.expand(len(image), -1, -1), self.reach.expand(len(image)), strict=True)
        luma = np.array(_LUMA, np.float32)
        painted = [
            in_colours(moved.numpy(), paint.numpy(), tint.numpy().T.copy(), luma, float(reach))
            for moved, paint, tint, reach in rows
        ]
        return torch.from_numpy(np.stack(painted))

    def _painted_in_parallel(self, warped: Tensor, image: Tensor) -> Tensor:
        photo, paint = self._beyond_tint(warped.flatten(2)), self._beyond_tint(image.flatten(2))
        allowed = torch.maximum(_spread(photo), self.reach[:, None, None])
        excess = (1 - allowed / _spread(paint).clamp_min(1e-6)).clamp_min(0)
        return image - (excess * paint).unflatten(2, image.shape[-2:])

    def _beyond_tint(self, pixels: Tensor) -> Tensor:
        """Pixels' [N, 3, P] distances from grey, less the tint of their lightness."""
        light, colour = _parts(pixels)
        below, fraction = _bin(light)
        tint = self.tint.expand(len(pixels), -1, -1)
        index = below.expand(-1, 3, -1)
        return colour - torch.lerp(tint.gather(2, index), tint.gather(2, index + 1), fraction)


def _parts(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Lightness [N, 1, P] and distance from grey [N, 3, P] of pixels [N, 3, P]."""
    light = (pixels * pixels.new_tensor(_LUMA)[:, None]).sum(1, keepdim=True)
    return light, pixels - light


def _bin(light: Tensor) -> tuple[Tensor, Tensor]:
    """The bin below a lightness and how far it is on the way to the next."""
    place = ((light + 1) / 2 * (_BINS - 1)).clamp(0, _BINS - 1)
    below = place.floor().clamp_max(_BINS - 2)
    return below.long(), place - below


def _spread(colour: Tensor) -> Tensor:
    """How far the channels of [N, 3, P] are apart, [N, 1, P]."""
    return colour.amax(1, keepdim=True) - colour.amin(1, keepdim=True)
