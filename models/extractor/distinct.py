"""One answer for each face."""

from __future__ import annotations

import numpy as np

from models.extractor.face import Face

OVERLAP = 0.35
"""Boxes that share more of their union than this are of one face."""

NESTED = 0.6
"""A box inside a larger one, less than this fraction of its side, is a piece of its face."""


def distinct(faces: list[Face]) -> list[Face]:
    """Non-maximum suppression: of faces whose boxes overlap or nest, the one with the best score stays. Best first."""
    rest = sorted(faces, key=lambda face: face.score, reverse=True)
    kept = []
    while rest:
        best, *rest = rest
        kept.append(best)
        rest = [face for face in rest if not _same(best, face)]
    return kept


def _same(best: Face, other: Face) -> bool:
    if overlap(best, other) > OVERLAP:
        return True
    x, y = (other.box[0] + other.box[2]) / 2, (other.box[1] + other.box[3]) / 2
    inside = best.box[0] < x < best.box[2] and best.box[1] < y < best.box[3]
    return inside and other.area < NESTED**2 * best.area


def overlap(first: Face, second: Face) -> float:
    """Intersection over union of two faces' boxes."""
    low = np.maximum(first.box[:2], second.box[:2])
    high = np.minimum(first.box[2:], second.box[2:])
    common = float(np.clip(high - low, 0, None).prod())
    return common / (first.area + second.area - common)
