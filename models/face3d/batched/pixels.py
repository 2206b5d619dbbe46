"""Reading pictures at fractional places, and the neighbourhoods of masks: OpenCV's filters for batches."""

from __future__ import annotations

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor


def grid(size: int, device: torch.device) -> Tensor:
    """Every pixel's own position, float32 [2, size, size], x first."""
    axis = torch.arange(size, device=device, dtype=torch.float32)
    return torch.stack([axis.expand(size, size), axis[:, None].expand(size, size)])


def sample(picture: Tensor, position: Tensor, mode: str = "bilinear") -> Tensor:
    """Read float pictures [B, C, S, S] at positions [B, 2, H, W] (x, y in pixels); the border is repeated outside."""
    place = position.movedim(1, -1) * (2 / (picture.shape[-1] - 1)) - 1
    return F.grid_sample(picture, place, mode, padding_mode="border", align_corners=True)


def nearest(values: Tensor, position: Tensor) -> Tensor:
    """Values [B, S, S] of any type at the pixels nearest to positions [B, 2 or more, H, W]."""
    size = values.shape[-1]
    x, y = (position[:, k].round().clamp(0, size - 1).long() for k in (0, 1))
    return values.flatten(1).gather(1, (y * size + x).flatten(1)).view(x.shape)


def disc(radius: float, device: torch.device) -> Tensor:
    """Offsets no longer than `radius` pixels, float32 [odd, odd]."""
    reach = torch.arange(-int(radius), int(radius) + 1, device=device)
    return (reach[:, None] ** 2 + reach**2 <= radius**2).float()


def dilate(mask: Tensor, kernel: Tensor) -> Tensor:
    """Pixels of bool [B, S, S] that the kernel [odd, odd] links to a set one."""
    hits = F.conv2d(mask.float()[:, None], kernel[None, None], padding=kernel.shape[-1] // 2)
    return hits[:, 0] > 0.5


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


def blur(picture: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of float pictures [B, C, S, S], with OpenCV's kernel width and border."""
    width = round(8 * sigma + 1) | 1
    kernel = torch.from_numpy(cv2.getGaussianKernel(width, sigma)).to(picture)[:, 0]
    channels = picture.shape[1]
    padded = F.pad(picture, (width // 2,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def percentile(values: Tensor, mask: Tensor, q: float) -> Tensor:
    """The q-th percentile of each row's masked values, [B] of [B, N]; zero where a mask is empty."""
    count = mask.sum(-1)
    ordered = values.masked_fill(~mask, torch.inf).sort(-1).values
    place = (count - 1).clamp(min=0) * (q / 100)
    low = place.floor().long()
    high = torch.minimum(low + 1, (count - 1).clamp(min=0))
    below, above = (ordered.gather(1, index[:, None])[:, 0] for index in (low, high))
    return torch.where(count > 0, below + (above - below) * (place - low), 0)
