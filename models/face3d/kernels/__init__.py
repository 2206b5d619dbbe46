"""The steps of the pair generator that a core and a GPU do each in its own way; every rule stands outside.

`compiled` loops over pixels with numba and OpenCV, one picture after the other: about four times as fast on a CPU.
`parallel` works on whole batches with torch's own operations and no loop over pixels: what a GPU needs.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from models.face3d.kernels import compiled, parallel


class Kernels(Protocol):
    """What both modules offer. Pictures are [B, C, S, S], masks bool [B, S, S], positions pixels (x, y)."""

    def rasterise(self, vertices: Tensor, triangles: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw meshes with a z-buffer; pixel centres are at integer coordinates.

        Args:
            vertices: float32 [B, V, 3], pixels, x right, y down, z towards the viewer (larger is nearer).
            triangles: int64 [F, 3].

        Returns:
            depth float32 [B, size, size] (-1e9 where empty), triangle int64 [B, size, size] (-1 where empty) and the
            barycentric weights float32 [B, 3, size, size] (zero where empty).
        """

    def interpolate(self, values: Tensor, triangles: Tensor, triangle: Tensor, weights: Tensor) -> Tensor:
        """Vertex attributes [B, V, 3] at every drawn pixel, [B, 3, S, S]; zero where nothing was drawn."""

    def sample(self, picture: Tensor, position: Tensor) -> Tensor:
        """Read uint8 pictures at positions [B, 2, H, W], bilinear; whole levels, float32. The border is repeated."""

    def complete(self, values: Tensor, known: Tensor) -> Tensor:
        """Continue values [B, C, H, W] smoothly from the known pixels over the others; the border stays."""

    def deep(self, mask: Tensor, distance: float) -> Tensor:
        """Pixels of a mask that lie deeper in it than `distance` pixels."""

    def erode(self, mask: Tensor, width: int) -> Tensor:
        """Pixels whose neighbourhood, a square of `width` pixels, is all in the mask."""

    def dilate(self, mask: Tensor, width: int) -> Tensor:
        """Pixels in whose neighbourhood, a square of `width` pixels, any is in the mask."""

    def blur(self, picture: Tensor, sigma: float) -> Tensor:
        """Gaussian blur of float32 pictures."""

    def percentile(self, values: Tensor, mask: Tensor, q: float) -> Tensor:
        """The q-th percentile of each row's masked values, [B] of [B, N]; zero where a mask is empty."""

    def polygon(self, points: Tensor, position: Tensor) -> Tensor:
        """Pixels of windows with positions [B, H, W, 2] that lie in polygons [B, P, 2] or at their edges, [B, H, W]."""

    def line(self, points: Tensor, width: Tensor, level: Tensor, position: Tensor) -> Tensor:
        """Antialiased open lines through points [B, P, 2]: coverage [B, H, W] in [0, 1].

        Args:
            width: [B], pixels.
            level: [P - 1], coverage of each segment.
            position: [B, H, W, 2], the pixels of the windows that are drawn in.
        """

    def inpaint(self, picture: Tensor, unknown: Tensor, softness: Tensor) -> Tensor:
        """Float pictures whose unknown pixels are filled from around them.

        Args:
            softness: sigma of a blur of the result, pixels [B], where the way of filling leaves streaks.
        """


COMPILED: Kernels = compiled
PARALLEL: Kernels = parallel


def kernels_of(device: torch.device | str) -> Kernels:
    """The faster kernels of a device."""
    return COMPILED if torch.device(device).type == "cpu" else PARALLEL
