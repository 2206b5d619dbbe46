"""A portrait made smaller for a quick look, with what was read of it at full size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from models.extractor.crop import SMALLEST

if TYPE_CHECKING:
    from models.portrait import Source


def reduced(source: Source, longest: int) -> Source:
    """The same portrait with a longest side of so many pixels; itself where it is no larger.

    Coefficients and landmarks are fractions of the crop, and so stay; box and crop shrink with the picture.
    """
    height, width = source.image.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return source
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(source.image).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    crop = replace(
        source.crop,
        x=round(source.crop.x * scale),
        y=round(source.crop.y * scale),
        side=max(SMALLEST, round(source.crop.side * scale)),
    )
    box = tuple(value * scale for value in source.face.box)
    face = replace(source.face, box=box, points=source.face.points * scale)
    return replace(
        source,
        image=np.asarray(small),
        face=face,
        crop=crop,
        alpha=None,  # the picture lies over white
        # What was prepared of the large picture does not fit the small one.
        prepared=type(source.prepared)(),
        prepared_black=type(source.prepared_black)(),
    )
