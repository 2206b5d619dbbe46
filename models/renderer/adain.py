"""Layers that the warping and editing networks share: AdaIN and the layer norm of whole pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class AdaIN(nn.Module):
    """Adaptive instance normalisation: InstanceNorm(x)·(1 + γ(z)) + β(z) (paper, section 3.2).

    γ and β come from z [N, latent] through one shared layer of 128 units.
    """

    def __init__(self, channels: int, latent: int, hidden: int = 128) -> None:
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU())
        self.gamma = nn.Linear(hidden, channels)
        self.beta = nn.Linear(hidden, channels)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """x [N, C, h, w] and z [N, latent] to [N, C, h, w]."""
        style = self.shared(z)
        gamma, beta = self.gamma(style)[..., None, None], self.beta(style)[..., None, None]
        return F.instance_norm(x) * (1 + gamma) + beta


class PictureNorm(nn.Module):
    """Layer norm over channels and pixels together, with one gain and bias a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x [N, C, h, w]; every picture is normalised by itself."""
        return F.group_norm(x, 1) * self.weight + self.bias


def activation(x: Tensor) -> Tensor:
    """LeakyReLU with slope 0.1, the only nonlinearity of the renderer."""
    return F.leaky_relu(x, 0.1)
