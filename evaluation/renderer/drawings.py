"""Drawings and rendered faces, made of photographs: fewer colours, flat surfaces, drawn edges, large eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 768
"""Pixels of a side of the square around the face that is drawn."""

LEVELS = 6
"""Of each colour channel of a posterised picture."""

ENLARGED, REACH = 1.6, 1.9
"""How much larger an enlarged eye is, and how far around its middle the picture gives way, in widths of the eye."""

CORNERS = ((33, 133), (362, 263))
"""Landmarks of the corners of both eyes."""

Pixels = NDArray[np.uint8]


def drawings(picture: Pixels, landmarks: NDArray[np.floating]) -> Iterator[tuple[str, Pixels]]:
    """Every style of a picture, with its own eyes and with large ones: (name, uint8 [SIDE, SIDE, 3]).

    Args:
        picture: a face, uint8 [SIDE, SIDE, 3] RGB.
        landmarks: [478, 2] in pixels.
    """
    for eyes, base in {"": picture, ", large eyes": enlarged_eyes(picture, landmarks)}.items():
        for name, style in STYLES.items():
            yield name + eyes, style(base)


def posterised(picture: Pixels) -> Pixels:
    """A picture of few colours without grain."""
    smooth = cv2.bilateralFilter(picture, 15, 40, 9)
    step = 255 / (LEVELS - 1)
    return np.asarray(np.rint(np.rint(smooth / step) * step), np.uint8)


def smoothed(picture: Pixels) -> Pixels:
    """A picture with flat surfaces and sharp edges, as rendered faces have them."""
    return np.asarray(cv2.edgePreservingFilter(picture, flags=cv2.RECURS_FILTER, sigma_s=40, sigma_r=0.45), np.uint8)


def stylised(picture: Pixels) -> Pixels:
    """A picture with flat surfaces and lines along its edges, as drawings have them."""
    return np.asarray(cv2.stylization(picture, sigma_s=60, sigma_r=0.45), np.uint8)


STYLES: Mapping[str, Callable[[Pixels], Pixels]] = {
    "posterised": posterised,
    "smoothed": smoothed,
    "stylised": stylised,
}


def enlarged_eyes(picture: Pixels, landmarks: NDArray[np.floating]) -> Pixels:
    """A picture whose eyes are `ENLARGED` times as large, as those of drawn figures. Arguments as in `drawings`."""
    height, width = picture.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    places = grid.copy()
    for corners in CORNERS:
        first, second = landmarks[list(corners)]
        middle = ((first + second) / 2).astype(np.float32)
        away = grid - middle
        distance = np.linalg.norm(away, axis=-1, keepdims=True) / (REACH * float(np.linalg.norm(second - first)) / 2)
        fade = np.clip(1 - distance**2, 0, 1) ** 2
        places -= (1 - 1 / ENLARGED) * fade * away
    return np.asarray(
        cv2.remap(picture, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
