"""The regressor's ridge head: a linear map that corrects landmarks and coefficients by each other.

Each anchor is found in a heatmap of its own, and errs by itself: a jaw in a beard, a brow under hair. All anchors and
coefficients together correct each of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.coefficients import ARKIT
from models.extractor.landmarks import LANDMARKS
from models.face3d.landmark_shape import ANCHORS

COEFFICIENTS = ARKIT.size
SCALE = 0.05  # crops a unit of a coefficient: makes its errors as large as the anchors'


class RidgeHead(nn.Module):
    """Anchors less their mean [N, 2K] and coefficients [N, 59] to corrections of all landmarks [N, 478, 2] and of the
    coefficients [N, 59], which are added to them; 0 until it is solved."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * len(ANCHORS) + COEFFICIENTS, 2 * LANDMARKS + COEFFICIENTS)
        self.linear.requires_grad_(requires_grad=False)
        self.clear()

    def clear(self) -> None:
        """Correct nothing."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def inputs(self, centred: Tensor, coefficients: Tensor) -> Tensor:
        """Both in one row, [N, D], and about as uncertain."""
        return torch.cat([centred.float(), coefficients.float() * SCALE], 1)

    def forward(self, centred: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(centred.device.type, enabled=False):  # half precision would round away what lids do
            both = self.linear(self.inputs(centred, coefficients))
        return both[:, : 2 * LANDMARKS].unflatten(1, (LANDMARKS, 2)), both[:, 2 * LANDMARKS :]
