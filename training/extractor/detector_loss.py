"""What the detector is trained to make small."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.options import option


@dataclass(frozen=True)
class DetectorLoss:
    """Penalty-reduced focal loss on the heatmap (CenterNet, Zhou et al. 2019, eq. 1) and ℓ1 on boxes and points."""

    heatmap_weight: float = option(1.0, "Weight of the heatmap's focal loss.")
    box_weight: float = option(1.0, "Weight of the boxes.")
    points_weight: float = option(1.0, "Weight of the five points.")

    def __call__(self, predicted: tuple[Tensor, Tensor, Tensor], target: dict[str, Tensor]) -> dict[str, Tensor]:
        """Named losses.

        Args:
            target: `heatmap` in [0, 1] [N, 1, h, w], `weight` [N, 1, h, w] (positive on the cells that predict a face),
                `box` [N, 3, h, w] and `points` [N, 10, h, w].
        """
        logit, box, points = predicted
        score, heat, weight = logit.sigmoid(), target["heatmap"], target["weight"]
        found = -F.logsigmoid(logit) * (1 - score) ** 2
        false = -F.logsigmoid(-logit) * score**2 * (1 - heat) ** 4
        faces = (heat == 1).sum().clamp(min=1)
        total = weight.sum().clamp(min=1e-6)
        return {
            "heatmap": self.heatmap_weight * (torch.where(heat == 1, found, false).sum() / faces),
            "box": self.box_weight * ((weight * (box - target["box"]).abs()).sum() / total),
            "points": self.points_weight * ((weight * (points - target["points"]).abs()).sum() / total),
        }
