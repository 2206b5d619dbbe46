"""The difference of what the extractor finds in two pictures: the perceptual loss of this project's own network.

The paper compares VGG-19's features (eq. 3), whose weights are not free to ship. The extractor's outputs are the
features that people judge a reenactment by: did the face move as requested, and to the point?
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from models.extractor.regressor import CROP
from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS
from training.extractor.networks.regressor import RegressorNet, bounded
from training.extractor.warm_start import load_init_weights
from training.options import option

NEAR = 0.02  # of an expression weight: smaller errors are the extractor's own scatter, and count squared


@dataclass(frozen=True)
class FaceFeatures:
    """Coefficients [N, 59] of the `arkit` space, without bounds, and the anchor landmarks [N, K, 2] in fractions of the
    picture."""

    coefficients: Tensor
    landmarks: Tensor

    @property
    def bounded(self) -> Tensor:
        """The coefficients as they are served."""
        return bounded(self.coefficients)


class FrozenExtractor:
    """A trained regressor, with gradients to the pixels of its input and none to its weights.

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
        load_init_weights(network, path, [_crops(pictures.cpu())])
        return cls(network.to(pictures.device))

    def features(self, pictures: Tensor) -> FaceFeatures:
        """Of pictures [N, 3, S, S] in [-1, 1]; in float32, because half precision scatters by a hundredth."""
        with torch.autocast(pictures.device.type, enabled=False):
            coefficients, landmarks, _, _ = self._network.predict(_crops(pictures.float()))
        return FaceFeatures(coefficients, landmarks[:, list(ANCHORS)])


@dataclass(frozen=True)
class ExtractorLoss:
    """ℓ1 of expression, pose and landmarks."""

    expression_weight: float = option(80.0, "Weight of the expression that the extractor finds.")
    pose_weight: float = option(4.0, "Weight of the pose that the extractor finds.")
    landmark_weight: float = option(40.0, "Weight of the landmarks that the extractor finds.")

    def __call__(self, found: FaceFeatures, target: FaceFeatures) -> Tensor:
        """The loss."""
        error = found.coefficients - target.coefficients
        expression, pose = error[:, :EXPRESSIONS], error[:, EXPRESSIONS:]
        near = F.smooth_l1_loss(expression, torch.zeros_like(expression), beta=NEAR)
        apart = (found.landmarks - target.landmarks).square().sum(-1).add(1e-8).sqrt().mean()
        return self.expression_weight * near + self.pose_weight * pose.abs().mean() + self.landmark_weight * apart


def _crops(pictures: Tensor) -> Tensor:
    """At the size that the regressor takes."""
    if pictures.shape[-1] == CROP:
        return pictures
    return F.interpolate(pictures, (CROP, CROP), mode="bilinear", align_corners=False)
