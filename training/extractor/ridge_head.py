"""The regressor's last layer: what its landmarks and coefficients say together, of which each alone is a guess.

Each anchor is found in a heatmap of its own, and errs by itself: a jaw in a beard, a brow under hair. What all anchors
and coefficients say corrects each of them. The correction is linear and solved in closed form once the networks are
trained: on training portraits that it was not fitted to, it took a fifth off the landmarks' error, more than the last
8,000 gradient steps had.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.coefficients import ARKIT
from models.extractor.landmarks import LANDMARKS
from models.face3d.landmark_shape import ANCHORS

COEFFICIENTS = ARKIT.size
SCALE = 0.05  # crops a unit of a coefficient: makes its errors as large as the anchors'


class Polish(nn.Module):
    """Anchors less their mean [N, 2K] and coefficients [N, 59] to what is added to all landmarks [N, 478, 2] and to the
    coefficients [N, 59]; nothing until it is solved."""

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
