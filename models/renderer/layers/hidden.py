"""The side of a face that a photo hides, from the side that it shows: the mirrored pixel in the hidden side's light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.renderer.layers.masks import sampled, smoothstep

GRAZING, PLAIN = 0.12, 0.4
"""How far a surface faces the viewer in the photo (1 is straight) where it shows nothing, and where it shows all."""

COARSER, BROAD = 8, 3.0
"""The difference of both sides' light is spread on a grid so many times coarser, over so many of its pixels."""

FARTHEST = 70.0
"""Levels between both sides' light, at most."""

Array = NDArray[np.float32]


def shown_by(facing: Array) -> Array:
    """How well the photo shows points that are in sight and face the viewer so much [h, w]: [h, w] in [0, 1]."""
    return smoothstep((facing - GRAZING) / (PLAIN - GRAZING))


def mirrored(colours: Array, person: Array, places: Array, own: Array, other: Array) -> Array:
    """Put the mirrored side's colours where the own side shows little, in place.

    Args:
        colours: of the frame's window, [h, w, 3].
        person: the crop's, [S, S, 3].
        places: of each pixel's mirror image in the crop, [h, w, 2].
        own, other: how well the photo shows the pixel and its mirror image, [h, w].

    Returns:
        By how many levels the hidden side is lighter than the other, [3].
    """
    weight = (1 - own) * other
    if weight.max(initial=0) < 0.02:
        return np.zeros(3, np.float32)
    mirror = sampled(person, places)
    height, width = weight.shape
    size = max(width // COARSER, 4), max(height // COARSER, 4)
    both = smoothstep((own - 0.5) / 0.4)[..., None] * smoothstep((other - 0.5) / 0.4)[..., None]
    known = cv2.resize(np.dstack([(colours - mirror) * both, both]), size, interpolation=cv2.INTER_AREA)
    spread = cv2.GaussianBlur(known, (0, 0), BROAD) + 1e-2 * cv2.GaussianBlur(known, (0, 0), 4 * BROAD)
    light = np.clip(cv2.resize(spread[..., :3] / (spread[..., 3:] + 1e-6), (width, height)), -FARTHEST, FARTHEST)
    colours += weight[..., None] * (mirror + light - colours)
    return np.asarray((light * weight[..., None]).sum((0, 1)) / weight.sum(), np.float32)
