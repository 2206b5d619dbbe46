"""From the detector's maps to boxes: peaks and their geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STRIDE = 8
"""Pixels of the network's input that one cell of its maps covers, each way."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """N possible faces in pixels of the network's input: boxes [N, 4], scores [N], points [N, 5, 2]."""

    boxes: np.ndarray
    scores: np.ndarray
    points: np.ndarray


def decode(heatmap: np.ndarray, box: np.ndarray, points: np.ndarray, threshold: float) -> Candidates:
    """Candidates at the heatmap's local maxima above `threshold`.

    Args:
        heatmap: logits [1, h, w] of "a face is centred in this cell".
        box: [3, h, w]: from the cell's centre to the face's, in cells (x, y), and the logarithm of the box's side.
        points: [10, h, w]: the five points as x y x y …, from the face's centre, in box sides.
    """
    scores = 1 / (1 + np.exp(-heatmap[0].astype(np.float64)))
    padded = np.pad(scores, 1)
    height, width = scores.shape
    around = np.stack([padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3)])
    row, column = np.nonzero((scores >= around.max(0)) & (scores > threshold))
    dx, dy, log_side = box[:, row, column].astype(np.float64)
    side = np.exp(np.clip(log_side, -3, 6)) * STRIDE
    centre = np.stack([(column + 0.5 + dx) * STRIDE, (row + 0.5 + dy) * STRIDE], -1)
    half = side[:, None] / 2
    landmarks = points[:, row, column].T.reshape(-1, 5, 2) * side[:, None, None] + centre[:, None]
    return Candidates(np.concatenate([centre - half, centre + half], -1), scores[row, column], landmarks)
