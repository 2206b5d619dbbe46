"""What the renderer is trained to make small. Each loss is a dataclass of its weights, which are options of a stage."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.renderer.editing import GATE_WEIGHT
from models.renderer.flow import warp
from training.options import option
from training.pairs.batches import PairBatch

LEAST_ALPHA = 0.002  # of the picture: below, there is next to nothing to paint
NEAR = 0.05  # of the range [-1, 1]
HIDDEN = 0.15  # of the range [-1, 1]: mean difference of a neighbourhood that no warp explains
STILL = 0.05  # pixels: below this mean motion, examples count alike
FAINT = 0.3  # pixels squared: the same for the mean squared motion
SCALES = 4


@dataclass(frozen=True)
class FlowLoss:
    """Distance to the known flow, in pixels of 256.

    Two terms. ℓ1 with a little of its square, divided by the root of the example's mean motion, is what positions a
    turning head sharply. But ℓ1 settles on the median, and the median of a brow or a lid that is not yet found to the
    pixel is standing still: small motions are learnt from the squared error, relative to the example's own motion.
    """

    off_mesh_weight: float = option(
        0.3, "Weight of the flow outside of the face's mesh, where it is an extension and no fact."
    )
    detail_weight: float = option(
        6.0, "Weight of the flow at lips and lids: 3 % of the picture, and most of what people look at."
    )
    quadratic_weight: float = option(0.125, "Weight of the squared error beside the absolute one.")
    absolute_weight: float = option(1.0, "Weight of the flow's error over the root of the motion.")
    relative_weight: float = option(1.0, "Weight of the flow's squared error over the squared motion.")

    def __call__(self, flow: Tensor, batch: PairBatch) -> Tensor:
        """The loss of a flow [B, 2, h, w] in pixels of its own grid."""
        grid = flow.shape[-2:]
        known, mesh, detail = (
            F.interpolate(value, grid, mode="area") for value in (batch.flow, batch.mesh, batch.detail)
        )
        weight = self.off_mesh_weight + (1 - self.off_mesh_weight) * mesh + (self.detail_weight - 1) * detail
        error = (flow * (256 / grid[-1]) - known).abs()
        squared = _each(error.square() * weight) / (_each(known.square() * weight) + FAINT)
        rounded = error + self.quadratic_weight * error.square()
        absolute = _each(rounded * weight) / (_each(known.abs() * weight) + STILL).sqrt()
        return (self.absolute_weight * absolute + self.relative_weight * squared).mean()


@dataclass(frozen=True)
class PictureLoss:
    """Distance of pictures on a pyramid of four scales, of pixels and of their differences.

    ℓ1 rounded off below `NEAR` (Huber): most of the picture should stay as it is, and there the full slope of ℓ1 at
    zero would be noise of a constant size, in which the few other pixels drown.

    The pyramid and the use of differences stand in for the paper's VGG-19 perceptual loss (eq. 3 and 5), whose weights
    are not free to ship.
    """

    gradient_weight: float = option(1.0, "Weight of the differences of neighbouring pixels: teeth, lids, lashes.")

    def __call__(self, picture: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """The loss.

        Args:
            picture, target: [B, 3, S, S] in [-1, 1].
            weight: of each pixel's error, [B, 1, S, S].
        """
        loss = picture.new_zeros(())
        for scale in range(SCALES):
            if scale:
                picture, target = F.avg_pool2d(picture, 2), F.avg_pool2d(target, 2)
            mask = F.interpolate(weight, picture.shape[-2:], mode="area")
            error = picture - target
            loss = loss + _mean(error, mask)
            if scale < 2:
                loss = loss + self.gradient_weight * _mean(error.diff(dim=-1), mask[..., 1:])
                loss = loss + self.gradient_weight * _mean(error.diff(dim=-2), mask[..., 1:, :])
        return loss


@dataclass(frozen=True)
class PaintingLoss:
    """Both outputs of a gated editing network, each against its own target.

    The gate learns where to paint, the painting what: only there, and as much for two lids as for a mouth. Trained on
    the blend of both alone, a fresh network learns to leave the picture as it is, and stays there.
    """

    pictures: PictureLoss = PictureLoss()
    picture_weight: float = option(1.0, "Weight of what is painted.")
    gate_weight: float = option(1.0, "Weight of where it is painted.")

    def __call__(self, painting: Tensor, gate: Tensor, target: Tensor, alpha: Tensor) -> Tensor:
        """The loss.

        Args:
            painting, target: pictures [B, 3, S, S].
            gate: logits [B, 1, S, S].
            alpha: in [0, 1], [B, 1, S, S]; from `editing_alpha`.
        """
        weight = alpha / (alpha.mean((1, 2, 3), keepdim=True) + LEAST_ALPHA)
        what = self.pictures(painting, target, weight)
        where = F.binary_cross_entropy_with_logits(gate, alpha, pos_weight=gate.new_tensor(GATE_WEIGHT))
        return self.picture_weight * what + self.gate_weight * where


def editing_alpha(batch: PairBatch) -> Tensor:
    """How much of a warped picture the editing network should replace by the target, [B, 1, S, S] in [0, 1].

    Around lips, lids and inside the mouth, what even the known flow cannot show comes from the target: teeth, a shut
    lid. Everywhere else the warped photo is its own target. Trained on the target everywhere, the network answers flow
    errors of a pixel or two by blurring what the photo shows sharply.
    """
    best = warp(batch.source, batch.flow * (batch.flow.shape[-1] / 256))
    hidden = (best - batch.target).abs().mean(1, keepdim=True) * _upsampled(batch.detail * batch.reliable, best)
    return (F.avg_pool2d(hidden, 7, stride=1, padding=3) / HIDDEN).clamp(max=1)


def _each(value: Tensor) -> Tensor:
    """The mean of every example, [B]."""
    return value.mean((1, 2, 3))


def _upsampled(mask: Tensor, picture: Tensor) -> Tensor:
    return F.interpolate(mask, picture.shape[-2:], mode="bilinear", align_corners=False)


def _mean(error: Tensor, mask: Tensor) -> Tensor:
    """Mean over the picture of the masked distance that an error [B, C, h, w] is."""
    distance = F.smooth_l1_loss(error, torch.zeros_like(error), reduction="none", beta=NEAR)
    return torch.mean(distance * mask)
