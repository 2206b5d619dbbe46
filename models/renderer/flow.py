"""Flow fields: backward flow in pixels, and the warp w(I) that applies it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def coordinate_grid(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Pixel centres in [-1, 1], [2, height, width], x first (`align_corners=False` convention)."""
    y, x = torch.meshgrid(
        (torch.arange(height, device=device) + 0.5) * 2 / height - 1,
        (torch.arange(width, device=device) + 0.5) * 2 / width - 1,
        indexing="ij",
    )
    return torch.stack([x, y])


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Sample an image [N, C, H, W] where a backward flow [N, 2, h, w] points to; [N, C, H, W].

    The flow is in pixels of its own grid: it is upsampled to the image and scaled with it, so the same flow moves a
    thumbnail and a full-resolution photo alike, and zero flow is exactly the identity. The border is repeated outside.
    """
    height, width = image.shape[-2:]
    unit = flow.new_tensor([2 / flow.shape[-1], 2 / flow.shape[-2]])[:, None, None]
    offset = F.interpolate(flow * unit, (height, width), mode="bilinear", align_corners=False)
    grid = (coordinate_grid(height, width, image.device) + offset).permute(0, 2, 3, 1)
    return F.grid_sample(image, grid.to(image.dtype), mode="bilinear", padding_mode="border", align_corners=False)


def composed(first: Tensor, second: Tensor) -> Tensor:
    """The one flow that does what warping by `first` and then by `second` does: [N, 2, h, w], all on one grid."""
    return second + warp(first, second)


def reference_warp(image: Tensor, flow: Tensor) -> Tensor:
    """`warp` as the authors' code does it, quirks included: what the official weights were trained with.

    The grid is built align-corners style, upsampled as absolute positions and sampled with `align_corners=False` and
    zeros outside.
    """
    h, w = flow.shape[-2:]
    # In the authors' order of operations: a rounding of the position is visible where a picture has an edge.
    y, x = (2 * (torch.arange(count, device=flow.device) / (count - 1)) - 1 for count in (h, w))
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"))
    position = grid + 2 * (flow / flow.new_tensor([w - 1, h - 1])[:, None, None])
    if (h, w) != tuple(image.shape[-2:]):
        position = F.interpolate(position, image.shape[-2:], mode="bilinear", align_corners=False)
    return F.grid_sample(image, position.permute(0, 2, 3, 1), align_corners=False)
