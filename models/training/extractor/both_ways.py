"""The released regressor: what the network reads from a crop and from its mirror image, as one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.coefficients import ARKIT


class BothWays(nn.Module):
    """Crops [N, 3, 256, 256] in [-1, 1] -> the means of two readings, as `RegressorNet` gives them in evaluation.

    A flipped face is the same face with left and right exchanged: two readings of it scatter less than one, and what is
    read from a flipped picture is exactly what is read from the picture, exchanged.

    Args:
        network: a trained `RegressorNet`.
        mirrored: landmark order of a mirrored face (`photos.mirror_order`), int [478].
    """

    landmarks: Tensor
    coefficients: Tensor
    signs: Tensor

    def __init__(self, network: nn.Module, mirrored: np.ndarray) -> None:
        super().__init__()
        self.network = network
        order = np.abs(ARKIT.mirror(np.arange(ARKIT.size, dtype=np.float32)))
        self.register_buffer("landmarks", torch.from_numpy(mirrored.astype(np.int64)))
        self.register_buffer("coefficients", torch.from_numpy(order.astype(np.int64)))
        self.register_buffer("signs", torch.from_numpy(ARKIT.mirror(np.ones(ARKIT.size, np.float32))))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        count = crops.shape[0]
        coefficients, landmarks, presence = self.network(torch.cat([crops, crops.flip(-1)]))
        exchanged = coefficients[count:, self.coefficients] * self.signs
        flipped = landmarks[count:, self.landmarks]
        flipped = torch.stack([1 - flipped[..., 0], flipped[..., 1]], -1)
        return (
            (coefficients[:count] + exchanged) / 2,
            (landmarks[:count] + flipped) / 2,
            (presence[:count] + presence[count:]) / 2,
        )
