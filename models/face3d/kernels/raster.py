"""Compiled pixel loops, one picture a call: z-buffer rasteriser, interpolation and harmonic extension."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, fastmath=True)
def rasterise(vertices: np.ndarray, triangles: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a mesh with a z-buffer; pixel centres are at integer coordinates.

    Args:
        vertices: float32 [V, 3], pixels, x right, y down, z towards the viewer (larger is nearer).
        triangles: integers [F, 3].
        size: side of the square picture.

    Returns:
        depth float32 [size, size] (-1e9 where empty), triangle int64 [size, size] (-1 where empty) and the barycentric
        weights float32 [3, size, size] (zero where empty).
    """
    depth = np.full((size, size), np.float32(-1e9), np.float32)
    triangle = np.full((size, size), -1, np.int64)
    weights = np.zeros((3, size, size), np.float32)
    for i in range(triangles.shape[0]):
        ax, ay, az = vertices[triangles[i, 0]]
        bx, by, bz = vertices[triangles[i, 1]]
        cx, cy, cz = vertices[triangles[i, 2]]
        x0, x1 = max(0, int(np.ceil(min(ax, bx, cx)))), min(size - 1, int(np.floor(max(ax, bx, cx))))
        y0, y1 = max(0, int(np.ceil(min(ay, by, cy)))), min(size - 1, int(np.floor(max(ay, by, cy))))
        if x0 > x1 or y0 > y1:
            continue
        area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
        if abs(area) < 1e-9:
            continue
        inverse = 1 / area
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                wa = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) * inverse
                wb = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) * inverse
                wc = 1 - wa - wb
                if wa < -1e-4 or wb < -1e-4 or wc < -1e-4:
                    continue
                z = wa * az + wb * bz + wc * cz
                if z > depth[y, x]:
                    depth[y, x] = z
                    triangle[y, x] = i
                    weights[0, y, x] = wa
                    weights[1, y, x] = wb
                    weights[2, y, x] = wc
    return depth, triangle, weights


@numba.njit(cache=True, fastmath=True)
def interpolate(values: np.ndarray, triangles: np.ndarray, triangle: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Vertex attributes [V, 3] at every drawn pixel, float32 [3, size, size]; zero where nothing was drawn."""
    size = triangle.shape[0]
    out = np.zeros((3, size, size), np.float32)
    for y in range(size):
        for x in range(size):
            i = triangle[y, x]
            if i >= 0:
                wa, wb = weights[0, y, x], weights[1, y, x]
                for k in range(3):
                    out[k, y, x] = (
                        wa * values[triangles[i, 0], k]
                        + wb * values[triangles[i, 1], k]
                        + (1 - wa - wb) * values[triangles[i, 2], k]
                    )
    return out


@numba.njit(cache=True, fastmath=True)
def extend_harmonically(flow: np.ndarray, known: np.ndarray, iterations: int) -> None:
    """Fill the unknown pixels of a flow [h, w, 2], in place, with the harmonic function that fits the known ones.

    Successive over-relaxation; the outermost pixels keep their values (zero for a picture whose border does not move).
    """
    height, width, _ = flow.shape
    for _ in range(iterations):
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                if not known[y, x]:
                    for k in range(2):
                        mean = 0.25 * (flow[y - 1, x, k] + flow[y + 1, x, k] + flow[y, x - 1, k] + flow[y, x + 1, k])
                        flow[y, x, k] += 1.8 * (mean - flow[y, x, k])
