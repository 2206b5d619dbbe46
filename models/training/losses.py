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


def picture_loss(picture: Tensor, batch: Batch) -> Tensor:
    """ℓ1 to the target on a pyramid of four scales, of pixels and of their differences, where the target is reliable.

    The pyramid and the use of differences stand in for the paper's VGG-19 perceptual loss (eq. 3 and 5), whose weights
    are not free to ship.
    """
    target = batch.target
    weight = batch.reliable * (1 + (DETAIL_WEIGHT - 1) * batch.detail)
    loss = picture.new_zeros(())
    for scale in range(SCALES):
        if scale:
            picture, target = F.avg_pool2d(picture, 2), F.avg_pool2d(target, 2)
        mask = F.interpolate(weight, picture.shape[-2:], mode="bilinear", align_corners=False)
        error = picture - target
        loss = loss + _mean(error.abs(), mask)
        if scale < 2:  # edges: what keeps teeth, lids and lashes sharp
            loss = loss + GRADIENT_WEIGHT * _mean(error.diff(dim=-1).abs(), mask[..., 1:])
            loss = loss + GRADIENT_WEIGHT * _mean(error.diff(dim=-2).abs(), mask[..., 1:, :])
    return loss


def _mean(error: Tensor, mask: Tensor) -> Tensor:
    """Mean over the picture of a masked error [B, C, h, w]; masked-out pixels count as zero."""
    return torch.mean(error * mask)
