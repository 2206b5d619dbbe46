"""What the regressor is trained to make small: errors of landmarks, of the distances between them, of coefficients, and
of their differences."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS, DISTANCES
from training.options import option


@dataclass(frozen=True)
class RegressorWeights:
    """Weights of the regressor's losses."""

    landmarks_weight: float = option(40.0, "Weight of the landmarks.")
    coarse_weight: float = option(12.0, "Weight of the trunk's own landmarks, before they are refined.")
    distances_weight: float = option(100.0, "Weight of the distances between landmarks of lids and lips.")
    expression_weight: float = option(40.0, "Weight of the expression.")
    change_weight: float = option(40.0, "Weight of the expression's difference between two pictures of one person.")
    rotation_weight: float = option(8.0, "Weight of yaw, pitch and roll.")
    place_weight: float = option(30.0, "Weight of the head's place and size.")
    presence_weight: float = option(1.0, "Weight of whether there is a face.")
    anchor_emphasis: float = option(3.0, "Weight of a landmark of lips, eyes or irises against any other.")


class RegressorLoss(nn.Module):
    """ℓ1 on landmarks, their distances and the pose, Huber on expression weights and on their differences between the
    two pictures of a pair, cross-entropy on presence.

    Landmarks alone leave expressions to chance: a lid's way is a tenth of the error that a misplaced eye makes. The
    distances of lids and lips are free of the misplacement. Weights alone teach the mean: part of every label is the
    person's identity, which a picture does not show; of two pictures of one person that part is the same, and their
    difference is a label without it.

    Args:
        spread: standard deviation of each expression weight in the training photos [53]. The more a weight moves, the
            smaller a deviation of one unit counts, but less than in proportion: large movements matter most.
        emphasis: weight of each landmark [478]; lips, eyes and irises carry the expression.
        weights: of the losses.
    """

    def __init__(
        self,
        spread: Tensor,
        emphasis: Tensor,
        weights: RegressorWeights = RegressorWeights(),
    ) -> None:
        super().__init__()
        self.weights = weights
        scale = 1 / (spread + 0.06).sqrt()
        self.scale = scale / scale.mean()
        self.emphasis = emphasis / emphasis.mean()
        self.anchors = torch.tensor(ANCHORS)
        self.ends = torch.tensor(DISTANCES).T

    def forward(self, output: tuple[Tensor, ...], batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Named losses. The batch has `coefficients`, `landmarks`, `presence`, `known` [N, 478] (has a label); its rows
        2k and 2k + 1 show one person."""
        coefficients, landmarks, presence, coarse = output
        face, known = batch["presence"], batch["known"]
        faces = face.sum().clamp(min=1)
        target, pose = batch["coefficients"][:, :EXPRESSIONS], batch["coefficients"][:, EXPRESSIONS:]
        found = coefficients[:, :EXPRESSIONS]
        place = F.smooth_l1_loss(coefficients[:, EXPRESSIONS:], pose, reduction="none", beta=0.02)
        weight, anchors = known * self.emphasis, self.anchors
        weights = self.weights
        return {
            "landmarks": weights.landmarks_weight * _distance(landmarks, batch["landmarks"], weight),
            "coarse": weights.coarse_weight * _distance(coarse, batch["landmarks"][:, anchors], weight[:, anchors]),
            "distances": weights.distances_weight * self._distances(landmarks, batch["landmarks"], known),
            "expression": weights.expression_weight * (self._huber(found, target) * face).sum() / faces,
            "change": weights.change_weight * self._change(found, target, face),
            "rotation": weights.rotation_weight * (place[:, :3].mean(1) * face).sum() / faces,
            "place": weights.place_weight * (place[:, 3:].mean(1) * face).sum() / faces,
            "presence": weights.presence_weight * F.binary_cross_entropy_with_logits(presence, face),
        }

    def _huber(self, found: Tensor, target: Tensor) -> Tensor:
        # Squared for all but gross errors: most weights are near 0, and ℓ1 would settle on that, their median.
        return (F.smooth_l1_loss(found, target, reduction="none", beta=0.2) * self.scale).mean(1)

    def _change(self, found: Tensor, target: Tensor, face: Tensor) -> Tensor:
        both = face[0::2] * face[1::2]
        change = self._huber(found[0::2] - found[1::2], target[0::2] - target[1::2])
        return (change * both).sum() / both.sum().clamp(min=1)

    def _distances(self, found: Tensor, target: Tensor, known: Tensor) -> Tensor:
        start, end = self.ends
        weight = known[:, start] * known[:, end]
        error = (found[:, start] - found[:, end] - target[:, start] + target[:, end]).abs().sum(-1)
        return (error * weight).sum() / weight.sum().clamp(min=1)


def _distance(found: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    distance = (found - target).square().sum(-1).add(1e-8).sqrt()
    return (distance * weight).sum() / weight.sum().clamp(min=1)
