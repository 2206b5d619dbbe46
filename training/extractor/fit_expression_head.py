"""Fits the expression head to what a trained regressor finds, errors and all."""

from __future__ import annotations

from collections.abc import Callable

import torch
from rich.progress import track
from torch import Tensor
from torch.utils.data import default_collate

from models.face3d.landmark_mesh import EXPRESSIONS
from training.extractor.face_crops import Sample
from training.extractor.loop import as_input
from training.extractor.regressor_net import RegressorNet

SHARE = 0.5  # of the answer: two estimates whose errors have little in common
NOISE = 0.02  # added to the inputs in training, in their standard deviations
STEPS, BATCH, RATE = 5000, 128, 1e-3
_LEAST_SPREAD = 0.02  # of an expression weight: rare ones would else count most


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
