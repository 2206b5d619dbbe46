"""LPIPS (Zhang et al. 2018), version 0.1 on AlexNet, in our own code with weights that the user brings."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.errors import BundleError, EvaluationError
from models.importers.pirender.checkpoint import matched, read_checkpoint

_SIZES = ((64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3))  # channels out, in, kernel
_NAMES = (0, 3, 6, 8, 10)  # in torchvision's `features`
_POOLED = (1, 2)  # convolutions that a pooling comes before


class LPIPS(nn.Module):
    """Two pictures to their perceptual distance."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict()
        for place, (name, (outside, inside, kernel)) in enumerate(zip(_NAMES, _SIZES, strict=True)):
            stride, padding = (4, 2) if place == 0 else (1, kernel // 2)
            self.features[str(name)] = nn.Conv2d(inside, outside, kernel, stride, padding)
        self.weights = nn.ParameterList(nn.Parameter(torch.zeros(size[0])) for size in _SIZES)
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[:, None, None], persistent=False)

    def forward(self, picture: Tensor, other: Tensor) -> Tensor:
        """Both [N, 3, H, W] in [-1, 1] to distances [N]."""
        total = picture.new_zeros(len(picture))
        for ours, theirs, weight in zip(self._maps(picture), self._maps(other), self.weights, strict=True):
            difference = (_unit(ours) - _unit(theirs)).square()
            total = total + (difference * weight[:, None, None]).sum(1).mean((1, 2))
        return total

    def _maps(self, picture: Tensor) -> list[Tensor]:
        x, found = (picture - self.shift) / self.scale, []
        for place, convolution in enumerate(self.features.values()):
            x = F.max_pool2d(x, 3, 2) if place in _POOLED else x
            x = F.relu(convolution(x))
            found.append(x)
        return found


def load_lpips(alexnet: Path, linear: Path) -> LPIPS:
    """LPIPS with torchvision's AlexNet (a state dict) and the metric's own `alex.pth` (version 0.1), frozen.

    Raises:
        EvaluationError: a file is missing, has other tensors, or numbers that are not finite.
    """
    network = LPIPS()
    try:
        given = read_checkpoint(alexnet, None)
        features = {name: tensor for name, tensor in given.items() if not name.startswith("classifier.")}
        expected = {name: value for name, value in network.state_dict().items() if name.startswith("features.")}
        matched(alexnet, features, expected)
        lines = read_checkpoint(linear, None)
        matched(linear, lines, {f"lin{i}.model.1.weight": torch.zeros(1, s[0], 1, 1) for i, s in enumerate(_SIZES)})
    except BundleError as error:
        raise EvaluationError(f"LPIPS: {error}") from error
    weights = {f"weights.{i}": lines[f"lin{i}.model.1.weight"].flatten() for i in range(len(_SIZES))}
    network.load_state_dict(features | weights)
    return network.eval().requires_grad_(False)


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
