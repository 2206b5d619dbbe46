"""The coefficient regressor: a small convolutional network from a face crop to coefficients and landmarks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.extractor.landmarks import LANDMARKS
from models.training.extractor.detector_net import conv, stage

CROP = 256  # what the product cuts
INPUT = 128  # what the network sees: 2x2 pixels of the crop are averaged
COEFFICIENTS = 59
EXPRESSIONS = 53
OUTPUTS = ("coefficients", "landmarks", "presence")


class RegressorNet(nn.Module):
    """Crops [N, 3, 128, 128] in [-1, 1] -> coefficients [N, 59], landmarks [N, 478, 2], presence [N].

    Coefficients are those of the `arkit` space (angles in radians). Landmarks are fractions of the crop from its
    upper left corner. Presence is the probability that the crop shows a face where one is expected.

    Args:
        widths: channels at strides 4, 8, 16 and 32. blocks: separable blocks at strides 8, 16 and 32.
        mean: landmarks [478, 2] and coefficients [59] that the untrained network answers with.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (48, 96, 160, 256),
        blocks: tuple[int, int, int] = (3, 4, 3),
        hidden: int = 320,
        mean: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        super().__init__()
        stages = [
            stage(narrow, wide, count) for narrow, wide, count in zip(widths[:-1], widths[1:], blocks, strict=True)
        ]
        # 7x7 at stride 4 keeps all that 4x4 pixels hold (48 numbers) and spares a CPU the two largest maps.
        self.features = nn.Sequential(conv(3, widths[0], 7, 4), nn.ReLU(inplace=True), *stages)
        # Where something is matters as much as what it is: flatten the 4x4 map rather than average it.
        self.neck = nn.Sequential(
            conv(widths[-1], 64), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(64 * 16, hidden), nn.ReLU(inplace=True)
        )
        self.coefficients = nn.Linear(hidden, COEFFICIENTS)
        self.landmarks = nn.Linear(hidden, LANDMARKS * 2)
        self.presence = nn.Linear(hidden, 1)
        nn.init.normal_(self.landmarks.weight, std=0.002)
        nn.init.normal_(self.coefficients.weight, std=0.002)
        if mean is not None:
            with torch.no_grad():
                self.landmarks.bias.copy_(mean[0].flatten())
                self.coefficients.bias.copy_(mean[1])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y = self.neck(self.features(x))
        coefficients = self.coefficients(y)
        expression, pose = coefficients[:, :EXPRESSIONS], coefficients[:, EXPRESSIONS:]
        if not self.training:  # clamped in training, a weight at its bound would get no gradient
            expression = expression.clamp(0, 1)
        landmarks = self.landmarks(y).unflatten(1, (LANDMARKS, 2))
        presence = self.presence(y)[:, 0]
        return torch.cat([expression, pose], 1), landmarks, presence if self.training else presence.sigmoid()


class RegressorLoss(nn.Module):
    """ℓ1 on landmarks and coefficients, cross-entropy on presence.

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

    def forward(self, output: tuple[Tensor, Tensor, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Named losses. The batch has `coefficients`, `landmarks`, `presence`, `known` [N, 478] (has a label)."""
        coefficients, landmarks, presence = output
        face = batch["presence"]
        faces, weight = face.sum().clamp(min=1), batch["known"] * self.emphasis
        error = F.smooth_l1_loss(coefficients, batch["coefficients"], reduction="none", beta=0.02)
        distance = (landmarks - batch["landmarks"]).square().sum(-1).add(1e-8).sqrt()
        pose = error[:, EXPRESSIONS:]
        return {
            "landmarks": 40 * (distance * weight).sum() / weight.sum().clamp(min=1),
            "expression": 8 * ((error[:, :EXPRESSIONS] * self.scale).mean(1) * face).sum() / faces,
            "rotation": 8 * (pose[:, :3].mean(1) * face).sum() / faces,
            "place": 30 * (pose[:, 3:].mean(1) * face).sum() / faces,
            "presence": 0.3 * F.binary_cross_entropy_with_logits(presence, face),
        }
