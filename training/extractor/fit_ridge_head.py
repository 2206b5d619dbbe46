"""Solves the ridge head of a trained regressor: ridge regression, in closed form.

On training portraits that it was not fitted to, it took a fifth off the landmarks' error, more than the last 8,000
gradient steps had.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from rich.progress import track
from torch.utils.data import default_collate

from models.extractor.landmarks import FACE_LANDMARKS, LANDMARKS
from models.face3d.landmark_shape import ANCHORS
from training.extractor.face_crops import Sample
from training.extractor.networks.regressor import RegressorNet
from training.extractor.networks.ridge_head import COEFFICIENTS, SCALE
from training.extractor.samples import as_input
from training.pairs.batches import extractor_deviation

ANCHOR_NOISE = 0.0014  # crops: error of an anchor on people outside of the training data, beyond that inside of it
BATCH = 48


class _Equations:
    """Normal equations of some columns of the correction."""

    def __init__(self, inputs: int, columns: np.ndarray) -> None:
        self.columns, self._count = columns, 0
        self._moments = np.zeros((inputs + 1, inputs + 1))
        self._targets = np.zeros((inputs + 1, len(columns)))

    def add(self, inputs: np.ndarray, target: np.ndarray) -> None:
        """Inputs [N, D] and their targets [N, all columns]."""
        rows = np.column_stack([inputs, np.ones(len(inputs))])
        self._moments += rows.T @ rows
        self._targets += rows.T @ target[:, self.columns]
        self._count += len(rows)

    def solved(self, noise: np.ndarray) -> np.ndarray:
        """Weights [D + 1, columns], the last row the bias, for inputs with errors of standard deviation `noise` [D]."""
        ridge = self._count * np.append(np.square(noise), 0)
        return np.asarray(np.linalg.solve(self._moments + np.diag(ridge), self._targets))


@torch.no_grad()
def fit_ridge_head(network: RegressorNet, draw: Callable[[int], Sample], numbers: range) -> None:
    """Solve the ridge head of a trained network, in place.

    Args:
        draw: sample number -> a training sample (`face_crops.FaceCrops.draw`).
        numbers: of samples that the network was not trained on.
    """
    network.eval()
    head = network.ridge_head
    head.clear()
    network.expression_head.alpha.zero_()
    count, sides = head.linear.in_features, 2 * LANDMARKS
    irises = np.arange(2 * FACE_LANDMARKS, sides)  # which generated targets have no labels of
    others = np.setdiff1d(np.arange(sides + COEFFICIENTS), irises)
    equations = _Equations(count, others), _Equations(count, irises)
    for start in track(range(numbers.start, numbers.stop, BATCH), "ridge head"):
        batch = default_collate([draw(number) for number in range(start, min(start + BATCH, numbers.stop))])
        coefficients, landmarks, _, _ = network.predict(as_input(batch["picture"]))
        anchors = landmarks[:, list(ANCHORS)].flatten(1)
        x = head.inputs(anchors - network.shape.mean, coefficients)
        target = torch.cat([(batch["landmarks"] - landmarks).flatten(1), batch["coefficients"]], 1)
        faces = batch["presence"].bool()
        for part, rows in zip(equations, (faces, faces & batch["known"].bool().all(1)), strict=True):
            part.add(x[rows].double().numpy(), target[rows].double().numpy())
    weights = np.zeros((count + 1, sides + COEFFICIENTS))
    for part in equations:
        weights[:, part.columns] = part.solved(_noise())
    weights[count - COEFFICIENTS : count, sides:] -= np.eye(COEFFICIENTS) / SCALE  # it predicts what is added to them
    head.linear.weight.copy_(torch.from_numpy(weights[:-1].T))
    head.linear.bias.copy_(torch.from_numpy(weights[-1]))


def _noise() -> np.ndarray:
    """Standard deviation of the inputs' errors on people outside of the training data, [D].

    The network fits the training photos' coefficients too well: with their errors, its outputs would count too much.
    """
    return np.concatenate([np.full(2 * len(ANCHORS), ANCHOR_NOISE), SCALE * extractor_deviation()])
