"""Pictures and masks of batches: pixel positions, and reading at them."""

from __future__ import annotations

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor


def grid(size: int, device: torch.device) -> Tensor:
    """Every pixel's own position, float32 [2, size, size], x first."""
    axis = torch.arange(size, device=device, dtype=torch.float32)
    return torch.stack([axis.expand(size, size), axis[:, None].expand(size, size)])


def sample(picture: Tensor, position: Tensor) -> Tensor:
    """Read float pictures [B, C, S, S] at positions [B, 2, H, W] (x, y in pixels), bilinear; the border is repeated."""
    place = position.movedim(1, -1) * (2 / (picture.shape[-1] - 1)) - 1
    return F.grid_sample(picture, place, "bilinear", padding_mode="border", align_corners=True)


def nearest(values: Tensor, position: Tensor) -> Tensor:
    """Values [B, S, S] of any type at the pixels nearest to positions [B, 2 or more, H, W]."""
    size = values.shape[-1]
    x, y = (position[:, k].round().clamp(0, size - 1).long() for k in (0, 1))
    return values.flatten(1).gather(1, (y * size + x).flatten(1)).view(x.shape)


def around(points: Tensor, reach: int, size: int) -> Tensor:
    """Pixels within OpenCV's ellipse, `reach` pixels across, of any of the points [B, P, ≥ 2]; bool [B, size, size].

    Points outside the picture count at its border.
    """
    kernel = torch.from_numpy(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))).to(points.device)
    offsets = kernel.nonzero() - reach // 2  # [K, 2], y first
    x, y = (points[..., k, None].round().clamp(0, size - 1).long() + offsets[:, 1 - k] for k in (0, 1))
    within = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    mask = torch.zeros(len(points), size * size + 1, dtype=torch.bool, device=points.device)
    mask.scatter_(1, torch.where(within, y * size + x, size * size).flatten(1), value=True)
    return mask[:, :-1].view(-1, size, size)
