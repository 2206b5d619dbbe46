"""What the renderer is trained to make small."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from models.training.batches import Batch

OFF_MESH_WEIGHT = 0.3  # outside the mesh the flow is an extension, not a fact
DETAIL_WEIGHT = 6.0  # lips and lids are 3 % of the picture and most of what people look at
GRADIENT_WEIGHT = 1.0
QUADRATIC = 0.125
SCALES = 4


def flow_loss(flow: Tensor, batch: Batch) -> Tensor:
    """Distance to the known flow in pixels of 256; `flow` [B, 2, h, w] is in pixels of its own grid.

    ℓ1 with a quadratic term: ℓ1 alone settles on the median, and most pixels of most expressions hardly move.
    """
    grid = flow.shape[-2:]
    known, mesh, detail = (F.interpolate(value, grid, mode="area") for value in (batch.flow, batch.mesh, batch.detail))
    error = (flow * (256 / grid[-1]) - known).abs()
    error = error + QUADRATIC * error.square()
    weight = OFF_MESH_WEIGHT + (1 - OFF_MESH_WEIGHT) * mesh + (DETAIL_WEIGHT - 1) * detail
    return (error * weight).mean()


def picture_loss(picture: Tensor, goal: Tensor, detail: Tensor) -> Tensor:
    """ℓ1 to the goal on a pyramid of four scales, of pixels and of their differences.

    The pyramid and the use of differences stand in for the paper's VGG-19 perceptual loss (eq. 3 and 5), whose weights
    are not free to ship.

    Args:
        picture, goal: [B, 3, S, S] in [-1, 1].
        detail: [B, 1, h, w] in [0, 1], where an error counts `DETAIL_WEIGHT` times.
    """
    weight = 1 + (DETAIL_WEIGHT - 1) * detail
    loss = picture.new_zeros(())
    for scale in range(SCALES):
        if scale:
            picture, goal = F.avg_pool2d(picture, 2), F.avg_pool2d(goal, 2)
        mask = F.interpolate(weight, picture.shape[-2:], mode="bilinear", align_corners=False)
        error = picture - goal
        loss = loss + _mean(error.abs(), mask)
        if scale < 2:  # edges: what keeps teeth, lids and lashes sharp
            loss = loss + GRADIENT_WEIGHT * _mean(error.diff(dim=-1).abs(), mask[..., 1:])
            loss = loss + GRADIENT_WEIGHT * _mean(error.diff(dim=-2).abs(), mask[..., 1:, :])
    return loss


def editing_goal(batch: Batch, warped: Tensor) -> tuple[Tensor, Tensor]:
    """What the editing network should make of Î_w [B, 3, S, S], and the share [B, 1, h, w] of it that should change.

    Lips, lids and the mouth's inside come from the target; everywhere else the warped photo is its own goal. Asked for
    the target everywhere, the network answers flow errors of a pixel or two by blurring skin and hair that the photo
    shows sharply.
    """
    change = F.avg_pool2d(batch.detail * batch.reliable, 5, stride=1, padding=2)  # a soft seam
    share = F.interpolate(change, warped.shape[-2:], mode="bilinear", align_corners=False)
    return warped + share * (batch.target - warped), change


def _mean(error: Tensor, mask: Tensor) -> Tensor:
    """Mean over the picture of a masked error [B, C, h, w]; masked-out pixels count as zero."""
    return torch.mean(error * mask)
