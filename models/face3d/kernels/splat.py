"""A z-buffer for B meshes at once, made of samples that are splatted on the pixel grid; no loop over triangles.

Where points drawn anywhere on a triangle would have to be spread over four pixels, and would leave pinholes, these
samples lie exactly at the pixel centres that each triangle covers: one for every pixel of its bounding box, the ones
outside dropped. Their number follows the data; `scatter_reduce` finds the nearest of each pixel. The result is that of
`models.face3d.kernels.raster.rasterise`, ties included.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

EMPTY_DEPTH = -1e9
_SLACK = 1e-4  # how far outside a triangle, in barycentric weight, a pixel centre still counts as on it


def splat(vertices: Tensor, triangles: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw meshes [B, V, 3] of common triangles [F, 3] in pictures of `size` pixels (`Kernels.rasterise`).

    Memory: about 150 bytes a sample; the ICT head has some 215,000 samples in a picture of 256 pixels.
    """
    shape = (len(vertices), size, size)
    owner, pixel, weights, z = _samples(vertices, triangles, size)
    count = len(owner)
    if not count:
        blank = vertices.new_full(shape, EMPTY_DEPTH)
        nothing = vertices.new_zeros(len(vertices), 3, size, size)
        return blank, torch.full_like(blank, -1, dtype=torch.int64), nothing
    depth = z.new_full((math.prod(shape),), EMPTY_DEPTH).scatter_reduce(0, pixel, z, "amax")
    # Of equally near samples the first triangle's counts, whatever the order in which a GPU writes.
    (front,) = torch.nonzero(z == depth[pixel], as_tuple=True)
    seen = pixel.new_full((math.prod(shape),), count).scatter_reduce(0, pixel[front], front, "amin")
    empty = seen == count
    seen = seen.masked_fill(empty, 0)
    triangle = (owner[seen] % len(triangles)).masked_fill(empty, -1).view(shape)
    return depth.view(shape), triangle, weights[:, seen].masked_fill(empty, 0).view(3, *shape).transpose(0, 1)


def _samples(vertices: Tensor, triangles: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The N pixel centres that triangles cover: triangle and pixel (int64 [N], counted through the batch), barycentric
    weights [3, N] and depth [N]; in the order of the triangles."""
    table, extent = _triangle_table(vertices, triangles, size)
    boxes = extent.prod(-1)
    owner = torch.repeat_interleave(boxes)
    within = torch.arange(len(owner), device=owner.device) - (boxes.cumsum(0) - boxes)[owner]
    width = extent[:, 0][owner]
    row = torch.div(within, width, rounding_mode="floor")
    x0, y0, cx, cy, ux, uy, vx, vy, za, zb, zc = table.index_select(1, owner)
    x, y = x0 + (within - row * width), y0 + row
    wa, wb = ux * (x - cx) + uy * (y - cy), vx * (x - cx) + vy * (y - cy)
    weights = torch.stack([wa, wb, 1 - wa - wb])
    (on,) = torch.nonzero(weights.amin(0) >= -_SLACK, as_tuple=True)
    owner, weights = owner[on], weights[:, on]
    picture = torch.div(owner, len(triangles), rounding_mode="floor")
    pixel = picture * size * size + (y[on] * size + x[on]).long()
    return owner, pixel, weights, weights[0] * za[on] + weights[1] * zb[on] + weights[2] * zc[on]


def _triangle_table(vertices: Tensor, triangles: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """What a sample reads of its triangle, [11, B * F], and the bounding boxes' width and height, int64 [B * F, 2].

    The rows: the box's corner (2), the third vertex (2), the gradients of the first two barycentric weights (4) and
    the three depths.
    """
    corners = vertices[:, triangles].flatten(0, 1)  # [B * F, 3, 3]
    low = corners[..., :2].amin(1).ceil().clamp(min=0)
    high = corners[..., :2].amax(1).floor().clamp(max=size - 1)
    extent = (high - low + 1).clamp(min=0).long()
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (corners[:, k].unbind(-1) for k in range(3))
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    flat = area.abs() < 1e-9
    inverse = 1 / area.masked_fill(flat, 1)
    gradients = ((by - cy) * inverse, (cx - bx) * inverse, (cy - ay) * inverse, (ax - cx) * inverse)
    table = torch.stack([low[:, 0], low[:, 1], cx, cy, *gradients, az, bz, cz])
    return table, extent.masked_fill(flat[:, None], 0)
