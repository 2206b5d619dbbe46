"""Expression from the shape of a face alone: a small network on the finished landmarks.

The regressor's own coefficients come from pictures, and know the training photos by heart: their error doubles on other
people. Landmarks do not: they are nearly as good there. What a face's shape says of its expression is learnt from the
landmarks that the trained regressor finds, so it knows their errors; both answers are averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import default_collate

from models.face3d.landmark_mesh import EXPRESSIONS
from models.face3d.landmark_shape import ANCHORS
from training.extractor.loop import as_input

if TYPE_CHECKING:
    from training.extractor.face_crops import Sample
    from training.extractor.regressor_net import RegressorNet

HIDDEN = 256
SHARE = 0.5  # of the answer: two estimates whose errors have little in common
NOISE = 0.02  # added to the inputs in training, in their standard deviations
STEPS, BATCH, RATE = 5000, 128, 1e-3
_LEAST_SPREAD = 0.02  # of an expression weight: rare ones would else count most


class Readout(nn.Module):
    """All landmarks [N, 478, 2] and coefficients [N, 59] to expression weights [N, 53] that average both; those of the
    coefficients until it is fitted."""

    def __init__(self) -> None:
        super().__init__()
        size = 2 * len(ANCHORS)
        self.layers = nn.Sequential(
            nn.Linear(size, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, EXPRESSIONS)
        )
        self.centre = nn.Parameter(torch.zeros(size))
        self.spread = nn.Parameter(torch.ones(1))
        self.share = nn.Parameter(torch.zeros(1))
        self.requires_grad_(requires_grad=False)

    def shape_of(self, landmarks: Tensor) -> Tensor:
        """The anchors, wherever and however large the face is, [N, 2K]."""
        anchors = landmarks[:, list(ANCHORS)].float()
        centred = anchors - anchors.mean(1, keepdim=True)
        size = centred.square().sum(2, keepdim=True).mean(1, keepdim=True).sqrt()
        return (centred / size.clamp(min=1e-3)).flatten(1)

    def forward(self, landmarks: Tensor, coefficients: Tensor) -> Tensor:
        with torch.autocast(landmarks.device.type, enabled=False):  # half precision would round away what lids do
            read = self.layers((self.shape_of(landmarks) - self.centre) * self.spread)
            own = coefficients[:, :EXPRESSIONS].float()
            return own + self.share * (read - own)


def fit_readout(network: RegressorNet, draw: Callable[[int], Sample], numbers: range) -> None:
    """Fit the readout of a network whose last layer is solved, in place.

    Args:
        draw: sample number -> a training sample (`face_crops.FaceCrops.draw`).
        numbers: of samples that the network was not trained on.
    """
    readout = network.eval().readout
    shapes, labels = _readings(network, draw, numbers)
    with torch.no_grad():
        readout.centre.copy_(shapes.mean(0))
        readout.spread.copy_(1 / shapes.std(0).mean())
    inputs = (shapes - readout.centre) * readout.spread
    weight = 1 / (labels.std(0) + _LEAST_SPREAD)
    readout.layers.requires_grad_()
    optimiser = torch.optim.AdamW(readout.layers.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    generator = torch.Generator().manual_seed(0)
    for _ in track(range(STEPS), "readout"):
        rows = torch.randint(len(inputs), (BATCH,), generator=generator)
        noise = NOISE * torch.randn(BATCH, inputs.shape[1], generator=generator)
        loss = ((readout.layers(inputs[rows] + noise) - labels[rows]).square() * weight).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    readout.requires_grad_(requires_grad=False)
    readout.share.fill_(SHARE)


@torch.no_grad()
def _readings(network: RegressorNet, draw: Callable[[int], Sample], numbers: range) -> tuple[Tensor, Tensor]:
    """What the network finds of faces, as `Readout.shape_of`, and their expression weights."""
    shapes, labels = [], []
    for start in track(range(numbers.start, numbers.stop, BATCH), "landmarks"):
        batch = default_collate([draw(number) for number in range(start, min(start + BATCH, numbers.stop))])
        landmarks = network.read(as_input(batch["picture"]))[1]
        faces = batch["presence"].bool()
        shapes.append(network.readout.shape_of(landmarks[faces]))
        labels.append(batch["coefficients"][faces, :EXPRESSIONS])
    return torch.cat(shapes), torch.cat(labels)
