"""A crop taken apart: the background behind the person, filled in, and the person's colours beyond its edge."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.kernels.pull_push_core import pull_push
from models.renderer.layers.head_sheet import HeadSheet
from models.renderer.layers.masks import sampled, smoothstep

SIZE, RELAXATIONS = 128, 4
"""Side on which colours are filled in, and how smoothly."""

MARGIN, STRAY = 0.012, 0.06
"""Of the crop's side: how far beyond its edge the person colours the background, and how far single hairs reach."""

FAINT, CLEAR, BUSY, NOISE = 40.0, 90.0, 12.0, 0.1
"""Distance between the colours of hair and background in which no hair can be told, and in which all can; the detail of
a background, in levels, in which none can; and how much of hair is not noticed."""

GRAIN, LOUDEST = 0.006, 8.0
"""Of the crop's side: finer detail goes on beyond the edge as in a mirror, so many levels of it at most."""

EDGE = 5
"""Pixels of that grid beside the edge whose mean colour goes on behind it."""

BODY = 0.98
"""Alpha below the hair from which on the background is filled in."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SplitCrop:
    """A crop taken apart.

    Attributes:
        alpha: [S, S] in [0, 1], how much of each pixel is the person's.
        plate: [S, S, 3], the background; where nothing of the person is near, the crop itself.
        person: [S, S, 3], the person; where all is the person's, the crop itself.
    """

    alpha: Array
    plate: Array
    person: Array


def taken_apart(picture: NDArray[np.uint8], alpha: Array, sheet: HeadSheet) -> SplitCrop:
    """Take a crop apart.

    Args:
        picture: uint8 [S, S, 3].
        alpha: of the person, [S, S] in [0, 1]; single hairs are added to it where the background is plain.
        sheet: says where hair may be, and where a neck leaves off.
    """
    levels = picture.astype(np.float32)
    side = len(picture)
    near = _widened((alpha > 0.02).astype(np.float32), MARGIN * side)
    # Shoulders bend with the neck, and their edge is not their own: beside them the picture stays.
    hidden = np.where(sheet.free > 0.5, near, alpha > BODY).astype(np.float32)
    hairy = _widened(hidden, STRAY * side) * sheet.hair * _plain(levels, hidden)
    stray = np.maximum(hidden, hairy)
    solid = cv2.erode(smoothstep((alpha - 0.5) / 0.45), np.ones((3, 3)))
    behind, within = _filled(levels, np.stack([1 - (stray > 0.5), solid > 0.99]).astype(np.float32))
    hair = _hair(levels, behind, within) * hairy
    behind += hidden[..., None] * _grain(levels, hidden)
    covered = np.minimum(cv2.GaussianBlur(stray, (0, 0), max(MARGIN * side / 3, 0.5)), stray)[..., None]
    plate = levels + covered * (behind - levels)
    person = within + solid[..., None] * (levels - within)
    return SplitCrop(_in_one_piece(np.maximum(alpha, hair)), plate, person)


def _hair(levels: Array, behind: Array, within: Array) -> Array:
    """How much hair, of the colour `within`, lies over a plain background in each pixel [S, S, 3]: [S, S] in [0, 1]."""
    toward = within - behind
    contrast = np.einsum("ijk,ijk->ij", toward, toward)
    part = np.einsum("ijk,ijk->ij", levels - behind, toward) / np.maximum(contrast, 1)
    return np.clip((part - NOISE) / (1 - 2 * NOISE), 0, 1) * smoothstep((np.sqrt(contrast) - FAINT) / (CLEAR - FAINT))


def _in_one_piece(alpha: Array) -> Array:
    """An alpha [S, S] whose opaque pixels hang together: single hairs that do not are half transparent."""
    _, labels = cv2.connectedComponents((alpha > 0.5).astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.where(labels == sizes.argmax(), alpha, np.minimum(alpha, 0.5))


def _widened(mask: Array, reach: float) -> Array:
    """A mask [S, S] in {0, 1} and what is within a reach in pixels of it."""
    far = cv2.distanceTransform((mask < 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    return (far <= max(reach, 1)).astype(np.float32)


def _plain(levels: Array, hidden: Array) -> Array:
    """How plain the background of a crop [S, S, 3] is where it is not hidden, and near by, [S, S] in [0, 1]."""
    side = len(levels)
    size = min(side, SIZE)
    known = cv2.resize(1 - _widened(hidden, STRAY * side), (size, size), interpolation=cv2.INTER_AREA)
    small = cv2.resize(levels, (size, size), interpolation=cv2.INTER_AREA) @ np.full(3, 1 / 3, np.float32)
    detail = np.abs(small - cv2.GaussianBlur(small, (0, 0), 3)) * known
    spread = cv2.GaussianBlur(np.dstack([detail, known]), (0, 0), size / 12) + 1e-6
    plain = smoothstep(1.5 - 4 * spread[..., 0] / spread[..., 1] / BUSY)
    return np.asarray(cv2.resize(plain, (side, side), interpolation=cv2.INTER_LINEAR))


def _filled(levels: Array, known: Array) -> Array:
    """A crop [S, S, 3] filled smoothly from where it is known [2, S, S] in {0, 1}: [2, S, S, 3]."""
    side = len(levels)
    size = min(side, SIZE)
    filled = []
    for number, one in enumerate(known):
        shrunk = cv2.resize(np.dstack([levels * one[..., None], one]), (size, size), interpolation=cv2.INTER_AREA)
        weight = shrunk[..., 3]
        values, is_known = np.asarray(shrunk[..., :3] / np.maximum(weight, 0.3)[..., None], np.float32), weight > 0.3
        smooth = pull_push(values, is_known, RELAXATIONS)
        filled.append(smooth if number else _continued(smooth, is_known))
    whole = [cv2.resize(one, (side, side), interpolation=cv2.INTER_LINEAR) for one in filled]
    return np.stack(whole)


def _continued(filled: Array, known: NDArray[np.bool_]) -> Array:
    """A background [h, w, 3] that goes on sideways behind what hides it: walls and collars stay at their height.

    Args:
        filled: smoothly, from all sides.
        known: [h, w], where it is in sight.
    """
    height, width = known.shape
    steady = cv2.blur(np.dstack([filled * known[..., None], known.astype(np.float32)]), (EDGE, 1))
    steady = steady[..., :3] / np.maximum(steady[..., 3:], 1e-3)
    columns = np.broadcast_to(np.arange(width), known.shape)
    left = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    right = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(height)[:, None]
    total, colours = np.zeros((height, width, 1), np.float32), np.zeros_like(filled)
    for column, distance in ((left, columns - left), (right, right - columns)):
        there = (column >= 0) & (column < width)
        weight = (there / np.maximum(distance, 1) ** 2).astype(np.float32)[..., None]
        colours += weight * steady[rows, np.clip(column, 0, width - 1)]
        total += weight
    colours = np.where(total > 0, colours / np.maximum(total, 1e-6), filled)
    return np.where(known[..., None], filled, cv2.GaussianBlur(colours, (0, 0), sigmaX=0.5, sigmaY=1.2))


def _grain(levels: Array, hidden: Array) -> Array:
    """Fine detail [S, S, 3] of hidden pixels: that of the pixel as far outside the edge as they are inside."""
    side = len(levels)
    size = min(side, 2 * SIZE)
    fine = levels - cv2.GaussianBlur(levels, (0, 0), max(1.0, GRAIN * side))
    np.clip(fine, -LOUDEST, LOUDEST, out=fine)
    fine *= cv2.erode(1 - hidden, np.ones((3, 3)))[..., None]
    unknown = (cv2.resize(hidden, (size, size), interpolation=cv2.INTER_NEAREST) > 0).astype(np.uint8)
    _, label = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    grid = np.stack(np.meshgrid(*[np.arange(size, dtype=np.float32)] * 2), -1)
    edge = np.zeros((label.max() + 1, 2), np.float32)
    edge[label[unknown == 0]] = grid[unknown == 0]
    mirrored = (2 * edge[label] - grid + 0.5) * (side / size) - 0.5
    return sampled(fine, cv2.resize(mirrored, (side, side), interpolation=cv2.INTER_LINEAR), cv2.INTER_LINEAR)
