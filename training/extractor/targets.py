"""The detector's target maps for a list of faces."""

from __future__ import annotations

import numpy as np

from training.extractor.networks.detector import STRIDE

SPREAD = 0.09  # standard deviation of a face's spot on the heatmap, in box sides
ANSWERS = 0.5  # cells whose heat is above this also learn the box and the points


def detector_targets(boxes: np.ndarray, points: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Heatmap, weight, box and points (see `networks.detector`), float32 [·, size/8, size/8], of F faces.

    Args:
        boxes: [F, 4] in pixels, square. points: [F, 5, 2] in pixels.
    """
    cells = size // STRIDE
    maps = {
        name: np.zeros((n, cells, cells), np.float32)
        for name, n in (("heatmap", 1), ("weight", 1), ("box", 3), ("points", 10))
    }
    row, column = np.mgrid[0:cells, 0:cells].astype(np.float32) + 0.5
    for (x0, y0, x1, y1), five_points in zip(boxes, points, strict=True):
        side = x1 - x0
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        dx, dy = x / STRIDE - column, y / STRIDE - row
        spread = max(SPREAD * side / STRIDE, 0.6)
        heat = np.exp(-(dx**2 + dy**2) / (2 * spread**2))
        centre = tuple(int(np.clip(v / STRIDE, 0, cells - 1)) for v in (y, x))
        heat[centre] = 1
        maps["heatmap"][0] = np.maximum(maps["heatmap"][0], heat)
        mine = (heat > ANSWERS) & (heat > maps["weight"][0])
        maps["weight"][0][mine] = heat[mine]
        maps["box"][:, mine] = np.stack([dx, dy, np.full_like(dx, np.log(side / STRIDE))])[:, mine]
        maps["points"][:, mine] = ((five_points - (x, y)) / side).reshape(10, 1)
    return maps
