"""Solves the ridge head for what a trained regressor gets wrong together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from rich.progress import track
from torch.utils.data import default_collate

from models.extractor.landmarks import FACE_LANDMARKS, LANDMARKS
from models.face3d.landmark_shape import ANCHORS
from training.extractor.face_crops import Sample
from training.extractor.loop import as_input
from training.extractor.regressor_net import RegressorNet
from training.extractor.ridge_head import COEFFICIENTS, SCALE
from training.pairs.batches import reading_deviation

ANCHOR_NOISE = 0.0014  # crops: error of an anchor on people that the network has not seen, beyond that on its own
BATCH = 48


class _Equations:
    """Normal equations of some columns of the correction."""

    def __init__(self, inputs: int, columns: np.ndarray) -> None:
        self.columns, self._count = columns, 0
        self._products = np.zeros((inputs + 1, inputs + 1))
        self._wanted = np.zeros((inputs + 1, len(columns)))

    def add(self, inputs: np.ndarray, wanted: np.ndarray) -> None:
        """Rows [N, D] and what should be added to them [N, all columns]."""
        rows = np.column_stack([inputs, np.ones(len(inputs))])
        self._products += rows.T @ rows
        self._wanted += rows.T @ wanted[:, self.columns]
        self._count += len(rows)

    def solved(self, noise: np.ndarray) -> np.ndarray:
        """Weights [D + 1, columns], the last row the bias, for inputs with errors of standard deviation `noise` [D]."""
        ridge = self._count * np.append(np.square(noise), 0)
        return np.asarray(np.linalg.solve(self._products + np.diag(ridge), self._wanted))


@torch.no_grad()
def solve_polish(network: RegressorNet, draw: Callable[[int], Sample], numbers: range) -> None:
    """Solve the last layer of a trained network, in place.

    Args:
        draw: sample number -> a training sample (`face_crops.FaceCrops.draw`).
        numbers: of samples that the network was not trained on.
    """
    network.eval()
    polish = network.polish
    polish.clear()
    network.readout.share.zero_()
    count, sides = polish.linear.in_features, 2 * LANDMARKS
    irises = np.arange(2 * FACE_LANDMARKS, sides)  # which generated targets do not tell
    others = np.setdiff1d(np.arange(sides + COEFFICIENTS), irises)
    equations = _Equations(count, others), _Equations(count, irises)
    for start in track(range(numbers.start, numbers.stop, BATCH), "polish"):
        batch = default_collate([draw(number) for number in range(start, min(start + BATCH, numbers.stop))])
        coefficients, landmarks, _, _ = network.read(as_input(batch["picture"]))
        anchors = landmarks[:, list(ANCHORS)].flatten(1)
        x = polish.inputs(anchors - network.shape.mean, coefficients)
        wanted = torch.cat([(batch["landmarks"] - landmarks).flatten(1), batch["coefficients"]], 1)
        faces = batch["presence"].bool()
        for part, rows in zip(equations, (faces, faces & batch["known"].bool().all(1)), strict=True):
            part.add(x[rows].double().numpy(), wanted[rows].double().numpy())
    weights = np.zeros((count + 1, sides + COEFFICIENTS))
    for part in equations:
        weights[:, part.columns] = part.solved(_noise())
    weights[count - COEFFICIENTS : count, sides:] -= np.eye(COEFFICIENTS) / SCALE  # what is added to them is asked for
    polish.linear.weight.copy_(torch.from_numpy(weights[:-1].T))
    polish.linear.bias.copy_(torch.from_numpy(weights[-1]))


def _noise() -> np.ndarray:
    """What to expect of the inputs' errors on people that the network has not seen, [D].

    It knows the training photos' coefficients by heart, and would be trusted too far: these are the errors on others.
    """
    return np.concatenate([np.full(2 * len(ANCHORS), ANCHOR_NOISE), SCALE * reading_deviation()])
