"""VGG-19 up to relu_5_1 (Simonyan & Zisserman 2015), in our own code, with weights that the user brings."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.errors import BundleError, TrainingDataError
from models.importers.pirender.checkpoint import matched, read_checkpoint

_STAGES = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512,))
_BEYOND = (*(f"features.{i}." for i in (30, 32, 34)), "classifier.")  # what follows relu_5_1 in the same file


class VGG19(nn.Module):
    """Pictures to the features that the perceptual loss compares: relu_1_1, 2_1, 3_1, 4_1, 5_1.

    Its convolutions are numbered as in torchvision's `features`, so that torchvision's file fits.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict()
        self.stages: list[list[str]] = []
        index, inside = 0, 3
        for widths in _STAGES:
            self.stages.append([])
            for width in widths:
                self.features[str(index)] = nn.Conv2d(inside, width, 3, padding=1)
                self.stages[-1].append(str(index))
                index, inside = index + 2, width  # a ReLU in between
            index += 1  # a pooling
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """RGB in [-1, 1], [N, 3, H, W], at least 16 pixels a side, to five maps [N, C, h, w]."""
        x = ((picture + 1) / 2 - self.mean) / self.deviation
        found = []
        for number, stage in enumerate(self.stages):
            x = F.max_pool2d(x, 2) if number else x
            for place, name in enumerate(stage):
                x = F.relu(self.features[name](x))
                if not place:
                    found.append(x)
        return found


def load_vgg(path: Path) -> VGG19:
    """The network with the weights of a file of torchvision's layout (a state dict of `vgg19`), frozen.

    Raises:
        TrainingDataError: the file is missing, is no such state dict, or holds numbers that are not finite.
    """
    network = VGG19()
    try:
        tensors = read_checkpoint(path, None)
        kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_BEYOND)}
        matched(path, kept, network.state_dict())
    except BundleError as error:
        raise TrainingDataError(f"--vgg: {error}") from error
    network.load_state_dict(kept)
    return network.eval().requires_grad_(False)
