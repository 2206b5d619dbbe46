"""Full-resolution pictures from a 256² rendering, and their way back into the photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.renderer.flow import warp
from models.renderer.painting import AROUND, levels
from models.renderer.pirenderer import Rendering

FAINT, COVERING = 0.04, 0.16  # changes of the range [-1, 1] that leave the photo's detail, and that hide it
TAPER = 0.16  # of the crop's side: over this much of its border a flow comes to rest
FEATHER = 0.08  # of the crop's side: width of the seam between rendered crop and photo


def full_resolution(crop: Tensor, rendering: Rendering, move: Callable[[Tensor, Tensor], Tensor] = warp) -> Tensor:
    """Show a rendering at the resolution of the photo.

    The predicted flow moves the full-resolution crop itself, so that skin and hair keep the photo's own detail; what
    the editing network changed (Î - Î_w) is resampled and added. Where it has repainted (a shut lid over an eye), the
    photo's fine detail must not shine through: there the resampled Î takes its place.

    Args:
        crop: the source crop in [-1, 1]: [1, 3, S, S], or [N, 3, S, S] with one for each frame.
        rendering: of N frames.
        move: how the renderer applies a flow to a picture (`PIRenderer.move`).

    Returns:
        [N, 3, S, S] in [-1, 1].
    """
    count, side = len(rendering.flow), crop.shape[-1]
    repainted = _repainted(rendering.image - rendering.warped)
    layers = torch.cat([rendering.image - (1 - repainted) * rendering.warped, repainted], 1)
    if side != layers.shape[-1]:
        layers = F.interpolate(layers, (side, side), mode="bicubic", align_corners=False, antialias=True)
    kept = move(crop.expand(count, -1, -1, -1), tapered(rendering.flow)).mul_(1 - layers[:, 3:].clamp(0, 1))
    return kept.add_(layers[:, :3]).clamp_(-1, 1)


def painted_levels(rendering: Rendering) -> NDArray[np.float32]:
    """What the editing network adds to a picture in levels of 255, and how far it hides it: [N, h, w, 3 + 1]."""
    if rendering.image.device.type == "cpu":
        rows = zip(rendering.warped.numpy(), rendering.image.numpy(), strict=True)
        return np.stack([levels(warped, image, FAINT, COVERING) for warped, image in rows])
    return _levels_in_parallel(rendering).movedim(1, -1).cpu().numpy()


def _levels_in_parallel(rendering: Rendering) -> Tensor:
    repainted = _repainted(rendering.image - rendering.warped)
    added = rendering.image - (1 - repainted) * rendering.warped
    # Levels count from 0, the networks' range from -1: what is hidden of a picture takes its fraction of that 1 along.
    return torch.cat([(added + repainted) * 127.5, repainted], 1)


def tapered(flow: Tensor) -> Tensor:
    """A flow [N, 2, h, w] that comes to rest towards the crop's border, where the photo goes on and stands still.

    Shoulders under a tilted head bend then, where they would be seen twice in the seam; and hardly a pixel is read from
    outside the crop.
    """
    rows, columns = (torch.from_numpy(_ramp(size, TAPER)).to(flow) for size in flow.shape[-2:])
    return flow * torch.minimum(rows[:, None], columns)


def _repainted(change: Tensor) -> Tensor:
    """How far a change [N, 3, h, w] hides what was there, [N, 1, h, w] in [0, 1]."""
    strength = F.avg_pool2d(change.abs().mean(1, keepdim=True), AROUND, stride=1, padding=AROUND // 2)
    return ((strength - FAINT) / (COVERING - FAINT)).clamp(0, 1)


class Seam:
    """Where a rendered crop goes back into its photo. Made once for a source; then every frame costs two copies and
    the blending of the seam alone.

    Args:
        photo: uint8 [H, W, 3].
        x, y, side: the square of the crop; it may reach over the photo's border.
    """

    def __init__(self, photo: np.ndarray, x: int, y: int, side: int) -> None:
        height, width = photo.shape[:2]
        top, bottom, left, right = max(y, 0), min(y + side, height), max(x, 0), min(x + side, width)
        self._photo, self._is_empty = photo, top >= bottom or left >= right
        self._place = np.s_[top:bottom, left:right]
        self._inside = np.s_[top - y : bottom - y, left - x : right - x]
        if not self._is_empty:
            borders = (y == top, bottom == y + side, x == left, right == x + side)
            mask = _mask_against_border(side, *borders)[self._inside]
            self._strips = [
                (strip, mask[strip][..., None], photo[self._place][strip] * (1 - mask[strip][..., None]))
                for strip in _strips(mask)
            ]

    def paste(self, crop: np.ndarray) -> np.ndarray:
        """A copy of the photo with `crop` [S, S, 3] uint8 blended in. Outside the crop it is bit-identical."""
        result = self._photo.copy()
        if self._is_empty:
            return result
        inside, place = crop[self._inside], result[self._place]
        place[:] = inside
        for strip, mask, rest in self._strips:
            blended = inside[strip] * mask
            blended += rest
            place[strip] = np.rint(blended, out=blended).astype(np.uint8)
        return result


def _strips(mask: np.ndarray) -> list[tuple[slice, slice]]:
    """The four strips [H, W] around the rectangle where the mask is 1; those of no area are left out."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.max(1) == 1), np.flatnonzero(mask.max(0) == 1)
    if not (len(rows) and len(columns)):
        return [np.s_[:height, :width]]
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    strips = [
        np.s_[:top, :width],
        np.s_[bottom:height, :width],
        np.s_[top:bottom, :left],
        np.s_[top:bottom, right:width],
    ]
    return [strip for strip in strips if mask[strip].size]


def feathered_mask(side: int) -> np.ndarray:
    """Float32 [side, side]: 1 inside, falling smoothly to exactly 0 on the outermost pixels."""
    ramp = _ramp(side, FEATHER)
    return np.minimum.outer(ramp, ramp)


def _ramp(side: int, fraction: float) -> np.ndarray:
    """Float32 [side]: from exactly 0 at both ends to 1 over a `fraction` of the length."""
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) / max(1.0, fraction * side)
    ramp = np.clip(distance, 0, 1)
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)  # smoothstep: no visible kink where it begins


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
    """Float [..., 3, H, W] in [-1, 1] to uint8 [..., H, W, 3]."""
    levels = tensor.add(1).mul_(127.5).round_().clamp_(0, 255).byte()
    return levels.movedim(-3, -1).contiguous().cpu().numpy()
