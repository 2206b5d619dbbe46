"""Draw vertex attributes of a mesh with a z-buffer, in a window of the picture."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

EMPTY = np.float32(-1e9)
"""Depth of a pixel on which nothing was drawn."""

Array = NDArray[np.float32]


@numba.njit(cache=True, fastmath=True, nogil=True)
def draw(
    vertices: Array, attributes: Array, triangles: NDArray[np.int32], height: int, width: int
) -> tuple[Array, Array]:
    """Draw a mesh; the nearest surface wins. Pixel centres are at integer coordinates.

    Args:
        vertices: [V, 3] pixels of the window: x right, y down, z towards the viewer.
        attributes: [V, C], interpolated linearly.
        triangles: [F, 3].
        height, width: of the window.

    Returns:
        Depth [height, width], `EMPTY` where nothing was drawn, and attributes [height, width, C], there 0.
    """
    channels = attributes.shape[1]
    depth = np.full((height, width), EMPTY, np.float32)
    values = np.zeros((height, width, channels), np.float32)
    for i in range(triangles.shape[0]):
        a, b, c = triangles[i, 0], triangles[i, 1], triangles[i, 2]
        ax, ay, bx, by, cx, cy = (
            vertices[a, 0],
            vertices[a, 1],
            vertices[b, 0],
            vertices[b, 1],
            vertices[c, 0],
            vertices[c, 1],
        )
        left, right = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx))))
        top, bottom = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy))))
        if left > right or top > bottom:
            continue
        area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
        if abs(area) < 1e-9:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                wa = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
                wb = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
                wc = 1 - wa - wb
                if wa < -1e-4 or wb < -1e-4 or wc < -1e-4:
                    continue
                z = wa * vertices[a, 2] + wb * vertices[b, 2] + wc * vertices[c, 2]
                if z > depth[y, x]:
                    depth[y, x] = z
                    for k in range(channels):
                        values[y, x, k] = wa * attributes[a, k] + wb * attributes[b, k] + wc * attributes[c, k]
    return depth, values


def compile_loops() -> None:
    """Compile, or read what an earlier process compiled: seconds that the first picture should not wait for."""
    nothing = np.zeros((3, 1), np.float32)
    corners, triangles = np.zeros((3, 3), np.float32), np.zeros((1, 3), np.int32)
    for attributes in (nothing, corners[:, :2]):  # arrays of their own, and columns of others
        draw(corners, attributes, facing(corners, triangles), 1, 1)


@numba.njit(cache=True, fastmath=True, nogil=True)
def facing(vertices: Array, triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """Those of the triangles [F, 3] whose outer side the viewer sees (vertices as in `draw`)."""
    chosen, count = np.empty_like(triangles), 0
    for i in range(len(triangles)):
        a, b, c = vertices[triangles[i, 0]], vertices[triangles[i, 1]], vertices[triangles[i, 2]]
        if (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) < 0:
            chosen[count] = triangles[i]
            count += 1
    return chosen[:count]
