"""What the regressor is asked for: landmarks, the distances between them, coefficients, and their differences."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS, DISTANCES

COARSE = 0.3  # weight of the trunk's own landmarks against the refined ones


class RegressorLoss(nn.Module):
    """ℓ1 on landmarks, their distances and the pose, Huber on expression weights and on their differences between the
    two pictures of a couple, cross-entropy on presence.

    Landmarks alone leave expressions to chance: a lid's way is a tenth of the error that a misplaced eye makes. The
    distances of lids and lips do not see the misplacement. Weights alone teach the mean: part of every label is the
    person's identity, which a picture does not tell; of two pictures of one person that part is the same, and their
    difference is a label without it.

    Args:
        spread: standard deviation of each expression weight in the training photos [53]. The more a weight moves, the
            smaller a deviation of one unit counts, but less than in proportion: large movements matter most.
        emphasis: weight of each landmark [478]; lips, eyes and irises carry the expression.
    """

    def __init__(self, spread: Tensor, emphasis: Tensor) -> None:
        super().__init__()
        scale = 1 / (spread + 0.06).sqrt()
        self.scale = scale / scale.mean()
        self.emphasis = emphasis / emphasis.mean()
        self.anchors = torch.tensor(ANCHORS)
        self.ends = torch.tensor(DISTANCES).T

    def forward(self, output: tuple[Tensor, ...], batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Named losses. The batch has `coefficients`, `landmarks`, `presence`, `known` [N, 478] (has a label); its rows
        2k and 2k + 1 show one person (`couples`)."""
        coefficients, landmarks, presence, coarse = output
        face, known = batch["presence"], batch["known"]
        faces = face.sum().clamp(min=1)
        wanted, pose = batch["coefficients"][:, :EXPRESSIONS], batch["coefficients"][:, EXPRESSIONS:]
        found = coefficients[:, :EXPRESSIONS]
        place = F.smooth_l1_loss(coefficients[:, EXPRESSIONS:], pose, reduction="none", beta=0.02)
        weight, anchors = known * self.emphasis, self.anchors
        return {
            "landmarks": 40 * _distance(landmarks, batch["landmarks"], weight),
            "coarse": 40 * COARSE * _distance(coarse, batch["landmarks"][:, anchors], weight[:, anchors]),
            "distances": 100 * self._distances(landmarks, batch["landmarks"], known),
            "expression": 40 * (self._huber(found, wanted) * face).sum() / faces,
            "change": 40 * self._change(found, wanted, face),
            "rotation": 8 * (place[:, :3].mean(1) * face).sum() / faces,
            "place": 30 * (place[:, 3:].mean(1) * face).sum() / faces,
            "presence": F.binary_cross_entropy_with_logits(presence, face),
        }

    def _huber(self, found: Tensor, wanted: Tensor) -> Tensor:
        # Squared for all but gross errors: most weights are near 0, and ℓ1 would settle on that, their median.
        return (F.smooth_l1_loss(found, wanted, reduction="none", beta=0.2) * self.scale).mean(1)

    def _change(self, found: Tensor, wanted: Tensor, face: Tensor) -> Tensor:
        both = face[0::2] * face[1::2]
        change = self._huber(found[0::2] - found[1::2], wanted[0::2] - wanted[1::2])
        return (change * both).sum() / both.sum().clamp(min=1)

    def _distances(self, found: Tensor, wanted: Tensor, known: Tensor) -> Tensor:
        start, end = self.ends
        weight = known[:, start] * known[:, end]
        error = (found[:, start] - found[:, end] - wanted[:, start] + wanted[:, end]).abs().sum(-1)
        return (error * weight).sum() / weight.sum().clamp(min=1)


def _distance(found: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    distance = (found - wanted).square().sum(-1).add(1e-8).sqrt()
    return (distance * weight).sum() / weight.sum().clamp(min=1)
