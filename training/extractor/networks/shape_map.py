"""The linear shape model of a face as constants of a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.extractor.landmarks import LANDMARKS
from models.face3d.landmark_shape import ANCHORS, COMPONENTS, ShapeModel
from training.extractor.networks.ridge_head import COEFFICIENTS


class ShapeMap(nn.Module):
    """The shape model as constants: anchors [N, K, 2] -> landmarks [N, 478, 2], coefficients [N, 59], components."""

    mean: Tensor
    landmarks: Tensor
    landmarks_mean: Tensor
    coefficients: Tensor
    coefficients_mean: Tensor
    whitening: Tensor
    order: Tensor

    def __init__(self, shape: ShapeModel | None) -> None:
        super().__init__()
        size = 2 * len(ANCHORS)
        sizes = {
            "mean": (size,),
            "landmarks": (size, 2 * LANDMARKS),
            "landmarks_mean": (2 * LANDMARKS,),
            "coefficients": (size, COEFFICIENTS),
            "coefficients_mean": (COEFFICIENTS,),
            "whitening": (size, COMPONENTS),
        }
        for name, size_of in sizes.items():
            value = torch.zeros(size_of) if shape is None else torch.from_numpy(getattr(shape, name)).float()
            self.register_buffer(name, value)
        # Anchors stand for themselves: the linear map would shrink the openings of lids and lips.
        order = torch.arange(LANDMARKS) + len(ANCHORS)
        order[list(ANCHORS)] = torch.arange(len(ANCHORS))
        self.register_buffer("order", order, persistent=False)

    def forward(self, anchors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.autocast(anchors.device.type, enabled=False):  # half precision would round away what lids do
            centred = anchors.flatten(1) - self.mean
            decoded = (centred @ self.landmarks + self.landmarks_mean).unflatten(1, (LANDMARKS, 2))
            landmarks = torch.cat([anchors, decoded], 1)[:, self.order]
            return landmarks, centred @ self.coefficients + self.coefficients_mean, centred @ self.whitening
