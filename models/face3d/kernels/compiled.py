"""`Kernels` for a core: numba's loops and OpenCV's filters, one picture after the other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import Tensor

from models.face3d.kernels import raster

_ITERATIONS = 120  # of the relaxation that completes a flow
_INPAINT_RADIUS = 3
_FINE = 4  # lines are drawn this much larger, and shrunk


def rasterise(vertices: Tensor, triangles: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """See `Kernels.rasterise`."""
    drawn = [raster.rasterise(one, triangles.numpy(), size) for one in vertices.contiguous().numpy()]
    depth, triangle, weights = (_stacked(values) for values in zip(*drawn, strict=True))
    return depth, triangle, weights


def interpolate(values: Tensor, triangles: Tensor, triangle: Tensor, weights: Tensor) -> Tensor:
    """See `Kernels.interpolate`."""
    rows = zip(values.contiguous().numpy(), triangle.numpy(), weights.numpy(), strict=True)
    return _stacked([raster.interpolate(one, triangles.numpy(), seen, weight) for one, seen, weight in rows])


def sample(picture: Tensor, position: Tensor) -> Tensor:
    """See `Kernels.sample`."""

    def read(image: np.ndarray, place: np.ndarray) -> np.ndarray:
        return cv2.remap(image, place[0], place[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    rows = zip(_channels_last(picture), position.contiguous().numpy(), strict=True)
    return _channels_first([read(image, place) for image, place in rows]).float()


def complete(values: Tensor, known: Tensor) -> Tensor:
    """See `Kernels.complete`: the harmonic function that fits the known pixels."""
    planes = [one.copy() for one in values.movedim(1, -1).numpy()]
    for one, mask in zip(planes, known.contiguous().numpy(), strict=True):
        raster.extend_harmonically(one, mask, _ITERATIONS)
    return _channels_first(planes)


def deep(mask: Tensor, distance: float) -> Tensor:
    """See `Kernels.deep`."""
    return _each_mask(mask, lambda one: cv2.distanceTransform(one, cv2.DIST_L2, 3) > distance)


def erode(mask: Tensor, width: int) -> Tensor:
    """See `Kernels.erode`."""
    return _each_mask(mask, lambda one: cv2.erode(one, np.ones((width, width), np.uint8)))


def dilate(mask: Tensor, width: int) -> Tensor:
    """See `Kernels.dilate`."""
    return _each_mask(mask, lambda one: cv2.dilate(one, np.ones((width, width), np.uint8)))


def blur(picture: Tensor, sigma: float) -> Tensor:
    """See `Kernels.blur`."""
    return _channels_first([cv2.GaussianBlur(one, (0, 0), sigma) for one in _channels_last(picture)])


def percentile(values: Tensor, mask: Tensor, q: float) -> Tensor:
    """See `Kernels.percentile`."""
    chosen = [one[kept] for one, kept in zip(values.numpy(), mask.numpy(), strict=True)]
    return torch.tensor([np.percentile(one, q) if len(one) else 0.0 for one in chosen], dtype=torch.float32)


def polygon(points: Tensor, position: Tensor) -> Tensor:
    """See `Kernels.polygon`."""
    masks = [
        cv2.fillPoly(np.zeros(place.shape[:2], np.uint8), [np.rint(ring - place[0, 0]).astype(np.int32)], 1)
        for ring, place in zip(points.numpy(), position.numpy(), strict=True)
    ]
    return _stacked(masks) > 0


def line(points: Tensor, width: Tensor, level: Tensor, position: Tensor) -> Tensor:
    """See `Kernels.line`."""
    lines = [
        _line(way - place[0, 0], float(thick), level.tolist(), place.shape[:2])
        for way, thick, place in zip(points.numpy(), width, position.numpy(), strict=True)
    ]
    return _stacked(lines)


def _line(points: np.ndarray, width: float, level: list[float], shape: tuple[int, int]) -> np.ndarray:
    height, across = shape
    canvas = np.zeros((height * _FINE, across * _FINE), np.uint8)
    ends = np.rint((points + 0.5) * _FINE - 0.5).astype(np.int32)
    thickness = max(1, round(width * _FINE))
    for (a, b), strength in zip(pairwise(ends), level, strict=True):
        cv2.line(canvas, a.tolist(), b.tolist(), 255 * strength, thickness, cv2.LINE_AA)
    return cv2.resize(canvas, (across, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def inpaint(picture: Tensor, unknown: Tensor, softness: Tensor) -> Tensor:
    """See `Kernels.inpaint`: by fast marching after Telea, pixel by pixel from the edge."""
    levels = picture.round().clamp(0, 255).to(torch.uint8)
    filled = [
        cv2.GaussianBlur(
            cv2.inpaint(np.ascontiguousarray(one), mask.astype(np.uint8), _INPAINT_RADIUS, cv2.INPAINT_TELEA),
            (0, 0),
            float(sigma),
        )
        for one, mask, sigma in zip(_channels_last(levels), unknown.numpy(), softness, strict=True)
    ]
    return _channels_first(filled).float()


def _each_mask(mask: Tensor, filtered: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    return _stacked([filtered(one) for one in mask.to(torch.uint8).numpy()]) > 0


def _channels_last(pictures: Tensor) -> list[np.ndarray]:
    return [np.ascontiguousarray(one) for one in pictures.movedim(1, -1).numpy()]


def _channels_first(pictures: list[np.ndarray]) -> Tensor:
    """Pictures [H, W, C], or [H, W] of one channel, as [B, C, H, W]."""
    batch = _stacked(pictures)
    return batch[:, None] if batch.dim() == 3 else batch.movedim(-1, 1)


def _stacked(arrays: list[np.ndarray]) -> Tensor:
    """One array is not copied."""
    return torch.from_numpy(arrays[0][None] if len(arrays) == 1 else np.stack(arrays))
