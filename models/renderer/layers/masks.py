"""Antialiased outlines and windows of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.renderer.layers import pixels

Array = NDArray[np.float32]
FINER = 4
COARSE = 6.0
"""A blur of more pixels is made on a grid on which it has so many."""


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels inside a picture, of one pixel at least."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def around(cls, points: Array, margin: float, side: int) -> Window:
        """The smallest one around points [P, 2] and a margin, inside a picture of `side` pixels."""
        low = np.clip(np.floor(points.min(0) - margin), 0, side - 1).astype(int)
        high = np.clip(np.ceil(points.max(0) + margin) + 1, low + 1, side).astype(int)
        width, height = (int(extent) for extent in high - low)
        return cls(int(low[0]), int(low[1]), width, height)

    @property
    def place(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def corner(self) -> Array:
        """Its upper left pixel, [2]."""
        return np.array([self.x, self.y], np.float32)

    @property
    def grid(self) -> Array:
        """Where its pixels are in the picture, [h, w, 2]."""
        grid = np.empty((self.height, self.width, 2), np.float32)
        grid[..., 0] = np.arange(self.x, self.x + self.width)
        grid[..., 1] = np.arange(self.y, self.y + self.height)[:, None]
        return grid

    def local(self, points: Array, finer: int = 1) -> Array:
        """Points [P, 2 or 3] in this window's pixels, or in `finer` times as many a side; centres at integers."""
        return pixels.local(points, self.x, self.y, finer)


def filled(outline: Array, window: Window) -> Array:
    """How much of each pixel of the window lies inside a closed outline [P, 2], [h, w] in [0, 1]."""
    canvas = np.zeros((window.height * FINER, window.width * FINER), np.uint8)
    points = np.rint(window.local(outline, FINER) * 16).astype(np.int32)
    cv2.fillPoly(canvas, [points], 255, cv2.LINE_8, 4)
    return _shrunk(canvas, window)


def from_edge(mask: NDArray[np.bool_]) -> Array:
    """How far each pixel of a mask [h, w] is from what lies outside of it, in pixels; so is all beyond the border."""
    inside = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1])


def without_holes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A mask [h, w] and what it encloses, 0 or 1."""
    canvas = mask.astype(np.uint8)
    outlines, _ = cv2.findContours(canvas, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, 1, cv2.FILLED)
    return canvas


def to_nearest(mask: NDArray[np.bool_]) -> Array:
    """How far each pixel is from the nearest of a mask [h, w], in pixels; far away if there is none."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3))


def stroke(points: Array, widths: Array, window: Window) -> Array:
    """How much of each pixel of the window an open line of changing width covers, [h, w] in [0, 1].

    Args:
        points: [P, 2]. widths: [P - 1], pixels.
    """
    canvas = np.zeros((window.height * FINER, window.width * FINER), np.uint8)
    ends = np.rint(window.local(points, FINER) * 16).astype(int)
    for a, b, width in zip(ends[:-1], ends[1:], widths, strict=True):
        cv2.line(canvas, a.tolist(), b.tolist(), 255, max(1, round(float(width) * FINER)), cv2.LINE_AA, 4)
    return _shrunk(canvas, window)


def spread(values: Array, reach: float) -> Array:
    """An array [h, w, C] blurred so far, in pixels; on a coarser grid where it has no detail left."""
    shape, coarser = values.shape[1::-1], max(1.0, reach / COARSE)
    size = max(1, round(shape[0] / coarser)), max(1, round(shape[1] / coarser))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cv2.GaussianBlur(small, (0, 0), max(reach / coarser, 0.5)), shape), np.float32)


def _shrunk(canvas: NDArray[np.uint8], window: Window) -> Array:
    cover = cv2.resize(canvas, (window.width, window.height), interpolation=cv2.INTER_AREA)
    return np.asarray(cover / 255, np.float32)


def sampled(picture: NDArray[Any], places: Array, interpolation: int = cv2.INTER_CUBIC) -> Array:
    """A picture [H, W, …] at places [h, w, 2]; the border is repeated outside."""
    x, y = (np.ascontiguousarray(places[..., k]) for k in (0, 1))
    read = cv2.remap(picture, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32)


def smoothstep(values: NDArray[np.floating] | float) -> Array:
    """From 0 at 0 to 1 at 1, without a kink."""
    clipped = np.clip(np.asarray(values, np.float32), 0, 1)
    return clipped * clipped * (3 - 2 * clipped)
