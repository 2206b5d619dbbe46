"""What the extractor reads in pictures, as a loss: the perceptual loss of this project's own trained network.

The paper compares VGG-19's features (eq. 3), whose weights are not free to ship. The extractor's answers are the
features that people judge a reenactment by: did the face move as it was asked to, and to the point?
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS
from training.extractor.regressor_net import CROP, RegressorNet, bounded
from training.extractor.warm_start import adopt

EXPRESSION_WEIGHT, POSE_WEIGHT, LANDMARK_WEIGHT = 80.0, 4.0, 40.0
NEAR = 0.02  # of an expression weight: smaller errors are readings' own scatter, and count squared


@dataclass(frozen=True)
class Reading:
    """Coefficients [N, 59] of the `arkit` space, without bounds, and the anchor landmarks [N, K, 2] in fractions of the
    picture."""

    coefficients: Tensor
    landmarks: Tensor

    @property
    def bounded(self) -> Tensor:
        """The coefficients as the product serves them."""
        return bounded(self.coefficients)


class Reader:
    """A trained regressor that reads pictures as they are, with gradients to their pixels and none to its weights.

    Pictures are taken for crops: a window of a training pair shows its face about where the crop policy puts it.
    """

    def __init__(self, network: RegressorNet) -> None:
        self._network = network.eval().requires_grad_(requires_grad=False)

    @classmethod
    def load(cls, path: Path, pictures: Tensor) -> Self:
        """From a bundle's `extractor.onnx` or a run's `state.pt`.

        Args:
            pictures: some pictures [N, 3, S, S] in [-1, 1], to take the file's normalisation apart with.

        Raises:
            TrainingDataError: the file is not there, or is of another network.
        """
        network = RegressorNet()
        adopt(network, path, [_crops(pictures.cpu())])
        return cls(network.to(pictures.device))

    def read(self, pictures: Tensor) -> Reading:
        """Read pictures [N, 3, S, S] in [-1, 1]; in float32, because half precision scatters by a hundredth."""
        with torch.autocast(pictures.device.type, enabled=False):
            coefficients, landmarks, _, _ = self._network.read(_crops(pictures.float()))
        return Reading(coefficients, landmarks[:, list(ANCHORS)])


def _crops(pictures: Tensor) -> Tensor:
    """At the size that the regressor takes."""
    if pictures.shape[-1] == CROP:
        return pictures
    return F.interpolate(pictures, (CROP, CROP), mode="bilinear", align_corners=False)


def reading_loss(found: Reading, wanted: Reading) -> Tensor:
    """ℓ1 on what both say of expression, pose and landmarks."""
    error = found.coefficients - wanted.coefficients
    expression, pose = error[:, :EXPRESSIONS], error[:, EXPRESSIONS:]
    near = F.smooth_l1_loss(expression, torch.zeros_like(expression), beta=NEAR)
    apart = (found.landmarks - wanted.landmarks).square().sum(-1).add(1e-8).sqrt().mean()
    return EXPRESSION_WEIGHT * near + POSE_WEIGHT * pose.abs().mean() + LANDMARK_WEIGHT * apart
