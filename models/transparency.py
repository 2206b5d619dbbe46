"""Photos with transparency: rendered over white and over black, which tells what of a frame is transparent.

So everything that moves a picture moves its transparency too, and needs to know nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def split(picture: Pixels) -> tuple[Pixels, Pixels | None]:
    """A picture [H, W, 3 or 4] as it looks over white [H, W, 3], and its alpha [H, W]; None where it has none."""
    if picture.shape[2] == 3:
        return picture, None
    alpha = picture[..., 3:]
    levels = picture[..., :3].astype(np.uint16) * alpha + np.uint16(255) * (255 - alpha.astype(np.uint16))
    return _divided(levels), np.ascontiguousarray(alpha[..., 0])


def over_black(over_white: Pixels, alpha: Pixels) -> Pixels:
    """The same picture over black, from how it looks over white."""
    return over_white - np.minimum(over_white, 255 - alpha[..., None])


def recovered(over_white: Iterable[Pixels], over_black: Iterable[Pixels]) -> Iterator[Pixels]:
    """Frames [H, W, 4] from the same frames over both colours: what lets them through is what differs."""
    for white, black in zip(over_white, over_black, strict=True):
        through = (white.astype(np.int16) - black).mean(-1, dtype=np.float32).round().clip(0, 255)
        alpha = 255 - through[..., None]
        # Colour that counts for nothing may be any; divided by nothing it would be none.
        colour = np.where(alpha == 255, white, black * (255 / np.maximum(alpha, 1))).round().clip(0, 255)
        yield np.concatenate([colour, alpha], -1).astype(np.uint8)


def _divided(levels: NDArray[np.uint16]) -> Pixels:
    """Levels of 255² in levels of 255, rounded."""
    return ((levels.astype(np.uint32) + 127) // 255).astype(np.uint8)
