"""Full-resolution pictures from a 256² rendering, and their way back into the photo."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.renderer.flow import warp
from models.renderer.pirenderer import Rendering

FEATHER = 0.08  # of the crop's side: width of the seam between rendered crop and photo


def full_resolution(crop: Tensor, rendering: Rendering) -> Tensor:
    """Show a rendering at the resolution of the photo.

    The predicted flow moves the full-resolution crop itself, so that skin and hair keep the photo's own detail; what
    the editing network changed (Î - Î_w) is resampled and added.

    Args:
        crop: the source crop [1, 3, S, S] in [-1, 1].
        rendering: of N frames.

    Returns:
        [N, 3, S, S] in [-1, 1].
    """
    count, side = len(rendering.flow), crop.shape[-1]
    change = rendering.image - rendering.warped
    if side != change.shape[-1]:
        change = F.interpolate(change, (side, side), mode="bicubic", align_corners=False, antialias=True)
    return (warp(crop.expand(count, -1, -1, -1), rendering.flow) + change).clamp(-1, 1)


@lru_cache(maxsize=8)
def feathered_mask(side: int) -> np.ndarray:
    """Float32 [side, side]: 1 inside, falling smoothly to exactly 0 on the outermost pixels."""
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) / max(1.0, FEATHER * side)
    ramp = np.clip(distance, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)  # smoothstep: no visible kink where the seam begins
    return np.minimum.outer(ramp, ramp).astype(np.float32)


def paste(photo: np.ndarray, crop: np.ndarray, x: int, y: int) -> np.ndarray:
    """A copy of `photo` [H, W, 3] uint8 with the square `crop` [S, S, 3] uint8 blended in at (x, y).

    The crop may reach over the border. Outside the crop the copy is bit-identical.
    """
    height, width = photo.shape[:2]
    side = crop.shape[0]
    top, bottom, left, right = max(y, 0), min(y + side, height), max(x, 0), min(x + side, width)
    if top >= bottom or left >= right:
        return photo.copy()
    inside = np.s_[top - y : bottom - y, left - x : right - x]
    mask = _mask_against_border(side, y == top, bottom == y + side, x == left, right == x + side)[inside][..., None]
    result = photo.copy()
    blended = result[top:bottom, left:right] * (1 - mask) + crop[inside] * mask
    result[top:bottom, left:right] = np.rint(blended).astype(np.uint8)
    return result


def _mask_against_border(side: int, top: bool, bottom: bool, left: bool, right: bool) -> np.ndarray:
    """The feathered mask; no seam is needed on a side (False) where the crop reaches over the photo's border."""
    mask = feathered_mask(side)
    if top and bottom and left and right:
        return mask
    middle = side // 2
    rows, columns = mask[:, middle].copy(), mask[middle].copy()
    for ramp, (first, last) in ((rows, (top, bottom)), (columns, (left, right))):
        if not first:
            ramp[:middle] = 1
        if not last:
            ramp[middle:] = 1
    return np.minimum.outer(rows, columns)


def to_tensor(picture: np.ndarray, device: torch.device) -> Tensor:
    """uint8 [H, W, 3] to float [1, 3, H, W] in [-1, 1]."""
    tensor = torch.from_numpy(np.array(picture)).to(device)  # a copy: Pillow's arrays are read-only
    return tensor.permute(2, 0, 1)[None].float() / 127.5 - 1


def to_picture(tensor: Tensor) -> np.ndarray:
    """Float [3, H, W] in [-1, 1] to uint8 [H, W, 3]."""
    return tensor.add(1).mul(127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
