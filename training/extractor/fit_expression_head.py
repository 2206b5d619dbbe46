"""Fits the expression head of a regressor to the landmarks that it predicts, so that the head knows their errors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from rich.progress import track
from torch import Tensor
from torch.utils.data import default_collate

from models.face3d.landmark_mesh import EXPRESSIONS
from training.extractor.face_crops import Sample
from training.extractor.networks.regressor import RegressorNet
from training.extractor.samples import as_input

NOISE = 0.02  # added to the inputs in training, in their standard deviations
BATCH, RATE = 128, 1e-3
_LEAST_SPREAD = 0.02  # of an expression weight: rare ones would else count most


def fit_expression_head(
    network: RegressorNet, draw: Callable[[int], Sample], numbers: range, *, steps: int, alpha: float
) -> None:
    """Fit the expression head of a network whose ridge head is solved, in place.

    Args:
        draw: sample number -> a training sample (`face_crops.FaceCrops.draw`).
        numbers: of samples that the network was not trained on.
        steps: of AdamW.
        alpha: weight of the head in the expression.
    """
    head = network.eval().expression_head
    shapes, labels = _predicted(network, draw, numbers)
    with torch.no_grad():
        head.centre.copy_(shapes.mean(0))
        head.spread.copy_(1 / shapes.std(0).mean())
    inputs = (shapes - head.centre) * head.spread
    weight = 1 / (labels.std(0) + _LEAST_SPREAD)
    head.layers.requires_grad_()
    optimiser = torch.optim.AdamW(head.layers.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    generator = torch.Generator().manual_seed(0)
    for _ in track(range(steps), "expression head"):
        rows = torch.randint(len(inputs), (BATCH,), generator=generator)
        noise = NOISE * torch.randn(BATCH, inputs.shape[1], generator=generator)
        loss = ((head.layers(inputs[rows] + noise) - labels[rows]).square() * weight).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    head.requires_grad_(requires_grad=False)
    head.alpha.fill_(alpha)


@torch.no_grad()
def _predicted(network: RegressorNet, draw: Callable[[int], Sample], numbers: range) -> tuple[Tensor, Tensor]:
    """Landmarks that the network predicts of faces, as `ExpressionHead.normalised`, and their expression weights."""
    shapes, labels = [], []
    for start in track(range(numbers.start, numbers.stop, BATCH), "landmarks"):
        batch = default_collate([draw(number) for number in range(start, min(start + BATCH, numbers.stop))])
        landmarks = network.predict(as_input(batch["picture"]))[1]
        faces = batch["presence"].bool()
        shapes.append(network.expression_head.normalised(landmarks[faces]))
        labels.append(batch["coefficients"][faces, :EXPRESSIONS])
    return torch.cat(shapes), torch.cat(labels)
