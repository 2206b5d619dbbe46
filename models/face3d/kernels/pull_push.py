"""Fill the unknown pixels of a picture smoothly from the known ones, at every scale at once.

Pull-push after Gortler, Grzeszczuk, Szeliski and Cohen, "The Lumigraph" (1996): known values are averaged down a
pyramid until nothing is unknown (pull), then every level's gaps are filled from the level above it (push). The push
alone leaves blocks; some steps of relaxation at each level bring the fill near to the harmonic one of
`models.face3d.kernels.raster.extend_harmonically`, at a cost that does not grow with the holes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

RELAXATIONS = 24
STEP = 0.9
"""Of the way to the neighbours' mean that a relaxation goes: a whole step lets checkerboards stand."""


def pull_push(values: Tensor, known: Tensor, relaxations: int = RELAXATIONS) -> Tensor:
    """Complete `values` [B, C, H, W] where `known` (bool [B, H, W] or [B, 1, H, W]) is false.

    Known pixels keep their values. A picture of which nothing is known becomes zero.
    """
    weight = (known[:, None] if known.dim() == values.dim() - 1 else known).to(values.dtype)
    levels = [(values * weight, weight)]
    while max(levels[-1][0].shape[-2:]) > 1:
        levels.append(_pulled(*levels[-1]))
    filled = levels[-1][0]
    for value, weight in reversed(levels[:-1]):
        height, width = value.shape[-2:]
        size = (2 * filled.shape[-2], 2 * filled.shape[-1])
        guess = F.interpolate(filled, size, mode="bilinear", align_corners=False)[..., :height, :width]
        filled = _relaxed(torch.where(weight > 0, value, guess), weight > 0, relaxations)
    return filled


def _pulled(value: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The next coarser level: means of the known among every four pixels, known where any of them was."""
    odd = (0, value.shape[-1] % 2, 0, value.shape[-2] % 2)
    fraction = F.avg_pool2d(F.pad(weight, odd), 2)
    mean = F.avg_pool2d(F.pad(value, odd), 2) / fraction.clamp(min=1e-6)
    return mean, (fraction > 0).to(value.dtype)


def _relaxed(value: Tensor, known: Tensor, steps: int) -> Tensor:
    for _ in range(steps):
        around = F.pad(value, (1, 1, 1, 1), mode="replicate")
        mean = 0.25 * (around[..., :-2, 1:-1] + around[..., 2:, 1:-1] + around[..., 1:-1, :-2] + around[..., 1:-1, 2:])
        value = torch.where(known, value, value + STEP * (mean - value))
    return value
