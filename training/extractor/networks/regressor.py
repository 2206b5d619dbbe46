"""The coefficient regressor: a small convolutional network from a face crop to coefficients and landmarks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.extractor.regressor import CROP
from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS, COMPONENTS, ShapeModel
from training.extractor.networks.expression_head import ExpressionHead
from training.extractor.networks.heatmaps import centres_of_mass
from training.extractor.networks.layers import Separable, conv, stage
from training.extractor.networks.regions import FEATURES, Regions
from training.extractor.networks.ridge_head import COEFFICIENTS, RidgeHead
from training.extractor.networks.shape_map import ShapeMap

INPUT = 128  # pixels: side of the trunk's input; 2x2 pixels of the crop are averaged
OUTPUTS = ("coefficients", "landmarks", "presence")


class RegressorNet(nn.Module):
    """Crops [N, 3, 256, 256] in [-1, 1] -> coefficients [N, 59], landmarks [N, 478, 2], presence [N].

    Coefficients are those of the `arkit` space (angles in radians). Landmarks are fractions of the crop from its
    upper left corner. Presence is the probability that the crop shows a face where one is expected. In training the
    coefficients are unbounded, presence is a logit, and the trunk's own anchors [N, K, 2] come fourth.

    The trunk's input is the crop at half its size; each anchor landmark is the centre of mass of a heatmap (integral
    regression, Sun et al. 2018). Networks of their own then refine eyes and mouth (`regions`). A linear shape
    model turns the anchors into all landmarks and a first guess of the coefficients, which the deepest features and
    the regions' correct. Last come two parts that are fitted to the trained network: a linear map that corrects all of
    them by each other (`ridge_head`), and a small network from the shape of the face to its expression
    (`expression_head`).

    Args:
        widths: channels at strides 4, 8, 16 and 32. blocks: separable blocks at strides 8, 16 and 32.
        neck: channels of the map that all scales are merged into.
        shape: the shape model; without one the network is good for loading a state only.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (48, 96, 160, 256),
        blocks: tuple[int, int, int] = (3, 4, 3),
        neck: int = 64,
        hidden: int = 256,
        shape: ShapeModel | None = None,
    ) -> None:
        super().__init__()
        # 7x7 at stride 4 keeps all that 4x4 pixels hold (48 numbers) and spares a CPU the two largest maps.
        self.stem = nn.Sequential(conv(3, widths[0], 7, 4), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList(
            stage(narrow, wide, count) for narrow, wide, count in zip(widths[:-1], widths[1:], blocks, strict=True)
        )
        self.laterals = nn.ModuleList(conv(width, neck) for width in widths)
        self.merges = nn.ModuleList(Separable(neck, neck) for _ in widths[:-1])
        self.heatmaps = nn.Sequential(Separable(neck, neck), nn.Conv2d(neck, len(ANCHORS), 1))
        self.shape = ShapeMap(shape)
        self.deep = nn.Sequential(conv(widths[-1], 64), nn.ReLU(inplace=True), nn.Flatten())
        self.regions = Regions(self.shape.mean.unflatten(0, (len(ANCHORS), 2)))
        inputs = (INPUT // 32) ** 2 * 64 + COMPONENTS + 3 * FEATURES
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(inplace=True))
        self.correction, self.presence = nn.Linear(hidden, COEFFICIENTS), nn.Linear(hidden, 1)
        self.ridge_head, self.expression_head = RidgeHead(), ExpressionHead()
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        coefficients, landmarks, presence, coarse = self.predict(crops)
        if self.training:
            return coefficients, landmarks, presence, coarse
        return bounded(coefficients), landmarks, presence.sigmoid()

    def predict(self, crops: Tensor) -> tuple[Tensor, ...]:
        """The outputs in training: coefficients without bounds (a weight at its bound would get no gradient),
        landmarks, the presence's logit, and the trunk's own anchors."""
        maps = [self.stem(F.avg_pool2d(crops, CROP // INPUT))]
        for one in self.stages:
            maps.append(one(maps[-1]))
        merged = self.laterals[-1](maps[-1])
        for level in reversed(range(len(self.merges))):
            below = F.interpolate(merged, scale_factor=2.0)
            merged = self.merges[level](F.relu(self.laterals[level](maps[level]) + below))
        coarse = centres_of_mass(self.heatmaps(merged))
        anchors, features = self.regions(crops, coarse)
        landmarks, guess, components = self.shape(anchors)
        hidden = self.hidden(torch.cat([self.deep(maps[-1]), components, features], 1))
        coefficients = guess + self.correction(hidden)
        moved, added = self.ridge_head(anchors.flatten(1) - self.shape.mean, coefficients)
        landmarks, coefficients = landmarks + moved, coefficients + added
        coefficients = torch.cat([self.expression_head(landmarks, coefficients), coefficients[:, EXPRESSIONS:]], 1)
        return coefficients, landmarks, self.presence(hidden)[:, 0], coarse


def bounded(coefficients: Tensor) -> Tensor:
    """Coefficients [N, 59] as they are served: weights in [0, 1]."""
    expression, pose = coefficients[:, :EXPRESSIONS], coefficients[:, EXPRESSIONS:]
    return torch.cat([expression.clamp(0, 1), pose], 1)
