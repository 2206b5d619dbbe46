"""Steps of a frame that look at every pixel, each in one pass over the picture and without pictures in between."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@numba.njit(cache=True, fastmath=True, nogil=True)
def local(points: Array, left: int, top: int, finer: int) -> Array:
    """Points [P, 2 or 3] of a picture in the pixels of its window whose corner is given, so many times finer."""
    moved = np.empty(points.shape, np.float32)
    half = np.float32(0.5)
    for i in range(len(points)):
        moved[i, 0] = (points[i, 0] - np.float32(left) + half) * np.float32(finer) - half
        moved[i, 1] = (points[i, 1] - np.float32(top) + half) * np.float32(finer) - half
        if points.shape[1] > 2:
            moved[i, 2] = points[i, 2]
    return moved


@numba.njit(cache=True, fastmath=True, nogil=True)
def flowing(flow: Array, side: int) -> tuple[Array, Array]:
    """Where the pixels of a picture of `side` pixels take their colour from, columns and rows [side, side].

    Args:
        flow: backward, [h, h, 2] in pixels of its own grid; enlarged linearly.
    """
    size = len(flow)
    columns, rows = np.empty((side, side), np.float32), np.empty((side, side), np.float32)
    step, larger = np.float32(size / side), np.float32(side / size)
    for y in range(side):
        down = min(max((y + np.float32(0.5)) * step - np.float32(0.5), np.float32(0)), np.float32(size - 1))
        top = min(int(down), size - 2)
        low = down - top
        for x in range(side):
            across = min(max((x + np.float32(0.5)) * step - np.float32(0.5), np.float32(0)), np.float32(size - 1))
            left = min(int(across), size - 2)
            right = across - left
            a, b = flow[top, left], flow[top, left + 1]
            c, d = flow[top + 1, left], flow[top + 1, left + 1]
            upper, lower = a[0] + right * (b[0] - a[0]), c[0] + right * (d[0] - c[0])
            columns[y, x] = x + larger * (upper + low * (lower - upper))
            upper, lower = a[1] + right * (b[1] - a[1]), c[1] + right * (d[1] - c[1])
            rows[y, x] = y + larger * (upper + low * (lower - upper))
    return columns, rows


@numba.njit(cache=True, fastmath=True, nogil=True)
def overlay(columns: Array, rows: Array, places: Array, weight: Array, left: int, top: int) -> None:
    """Mix the places [h, w, 2] of a window into those of all pixels, in place, by a weight [h, w]."""
    for y in range(weight.shape[0]):
        for x in range(weight.shape[1]):
            here = weight[y, x]
            columns[top + y, left + x] += here * (places[y, x, 0] - columns[top + y, left + x])
            rows[top + y, left + x] += here * (places[y, x, 1] - rows[top + y, left + x])


@numba.njit(cache=True, fastmath=True, nogil=True)
def painted(picture: NDArray[np.uint8], added: Array) -> Array:
    """A picture [h, w, 3] with something added to it, [h, w, 3], that hides it in part, [h, w, 1]."""
    made = np.empty(picture.shape, np.float32)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            kept = np.float32(1) - min(max(added[y, x, 3], np.float32(0)), np.float32(1))
            for k in range(3):
                made[y, x, k] = picture[y, x, k] * kept + added[y, x, k]
    return made


@numba.njit(cache=True, fastmath=True, nogil=True)
def levels(picture: Array, crop: NDArray[np.uint8], weight: float) -> NDArray[np.uint8]:
    """A picture [h, w, 3] in whole levels; mixed with the crop [h, w, 3] where its weight is less than 1."""
    made = np.empty(picture.shape, np.uint8)
    rest = np.float32(1 - weight)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            for k in range(3):
                level = picture[y, x, k]
                level += rest * (crop[y, x, k] - level)
                made[y, x, k] = np.uint8(np.rint(min(max(level, np.float32(0)), np.float32(255))))
    return made


@numba.njit(cache=True, fastmath=True, nogil=True)
def moves(places: Array, known: Array, left: int, top: int) -> Array:
    """How far the pixels of a window move where that is known [h, w], and that, [h, w, 2 + 1]."""
    made = np.empty((*known.shape, 3), np.float32)
    for y in range(known.shape[0]):
        for x in range(known.shape[1]):
            weight = known[y, x]
            made[y, x, 0] = weight * (places[y, x, 0] - np.float32(left + x))
            made[y, x, 1] = weight * (places[y, x, 1] - np.float32(top + y))
            made[y, x, 2] = weight
    return made


@numba.njit(cache=True, fastmath=True, nogil=True)
def stretched(places: Array, offset: Array, soft: Array, hard: Array, left: int, top: int) -> Array:
    """Places [h, w, 2], and where they are not known those that an offset [h, w, 2] gives."""
    made = np.empty((*soft.shape, 2), np.float32)
    for y in range(soft.shape[0]):
        for x in range(soft.shape[1]):
            known = soft[y, x] * hard[y, x]
            across, down = offset[y, x, 0] + np.float32(left + x), offset[y, x, 1] + np.float32(top + y)
            made[y, x, 0] = across + known * (places[y, x, 0] - across)
            made[y, x, 1] = down + known * (places[y, x, 1] - down)
    return made


@numba.njit(cache=True, fastmath=True, nogil=True)
def in_sight(depth: Array, places: Array, left: int, top: int, slack: float) -> Array:
    """Whether surface points [h, w, ≥ 3] are no farther than so much behind a depth [H, W] whose corner is given: 1.

    Outside of it the border is repeated.
    """
    height, width = depth.shape
    made = np.empty(places.shape[:2], np.float32)
    for y in range(places.shape[0]):
        for x in range(places.shape[1]):
            column = min(max(int(np.rint(places[y, x, 0] - left)), 0), width - 1)
            row = min(max(int(np.rint(places[y, x, 1] - top)), 0), height - 1)
            made[y, x] = np.float32(places[y, x, 2] > depth[row, column] - slack)
    return made


def compile_loops() -> None:
    """Compile, or read what an earlier process compiled: seconds that the first picture should not wait for.

    Each loop for arrays that lie in memory as those of a frame do.
    """
    attributes, weight = np.zeros((2, 2, 4), np.float32), np.zeros((2, 2), np.float32)
    crop = np.zeros((2, 2, 3), np.uint8)
    picture = painted(crop, attributes)
    crop.setflags(write=False)
    levels(picture, crop, 1.0)
    columns, rows = flowing(np.zeros((2, 2, 2), np.float32).transpose(1, 2, 0), 2)
    in_sight(weight, attributes[..., :3], 0, 0, 0.0)
    for places in (attributes[..., :2], attributes[..., :3]):
        moves(places, weight, 0, 0)
    offset = np.zeros((2, 2, 2), np.float32)
    stretched(attributes[..., :2], offset, weight, weight, 0, 0)
    overlay(columns, rows, offset, weight, 0, 0)
    local(weight, 0, 0, 1)
