"""Expression from the landmarks' shape alone: a small network on the regressor's final landmarks.

The regressor's own coefficients come from pictures, and fit the training photos too well: their error doubles on other
people. The landmarks' does not. Both estimates have little in common in their errors, so they are blended.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS

HIDDEN = 256


class ExpressionHead(nn.Module):
    """All landmarks [N, 478, 2] and coefficients [N, 59] to expression weights [N, 53]: a blend of those that the
    landmarks' shape predicts and those among the coefficients, which it equals until it is fitted."""

    def __init__(self) -> None:
        super().__init__()
        size = 2 * len(ANCHORS)
        self.layers = nn.Sequential(
            nn.Linear(size, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, EXPRESSIONS)
        )
        self.centre = nn.Parameter(torch.zeros(size))
        self.spread = nn.Parameter(torch.ones(1))
        self.alpha = nn.Parameter(torch.zeros(1))
        self.requires_grad_(requires_grad=False)

    def normalised(self, landmarks: Tensor) -> Tensor:
        """The anchors, wherever and however large the face is, [N, 2K]."""
        anchors = landmarks[:, list(ANCHORS)].float()
        centred = anchors - anchors.mean(1, keepdim=True)
        size = centred.square().sum(2, keepdim=True).mean(1, keepdim=True).sqrt()
        return (centred / size.clamp(min=1e-3)).flatten(1)

    def forward(self, landmarks: Tensor, coefficients: Tensor) -> Tensor:
        with torch.autocast(landmarks.device.type, enabled=False):  # half precision would round away what lids do
            predicted = self.layers((self.normalised(landmarks) - self.centre) * self.spread)
            own = coefficients[:, :EXPRESSIONS].float()
            return own + self.alpha * (predicted - own)
