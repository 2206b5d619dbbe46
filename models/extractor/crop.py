"""The crop policy: which square around a face the networks see. Training and serving share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels; (0, 0) is the upper left corner of the upper left pixel."""

SIDE = 256 / 137.125
"""Side of the crop over the side of the face box. The training photos' middle 256² window shows its face this large."""

LIFT = 11 / 137.125
"""How far above the box's centre the crop is centred, in box sides: hair needs more room than the neck."""

SMALLEST = 8
"""No crop is smaller (pixels), however tiny the box."""


@dataclass(frozen=True)
class Crop:
    """A square of `side` pixels whose upper left corner is (x, y). It may reach over the picture's border."""

    x: int
    y: int
    side: int

    def cut(self, image: np.ndarray, size: int) -> np.ndarray:
        """The square resized to [size, size, 3] uint8, antialiased; outside `image` [H, W, 3] the border repeats."""
        height, width = image.shape[:2]
        # A square that lies wholly outside still repeats the nearest row or column.
        left, right = (int(np.clip(v, 0, width)) for v in (self.x, self.x + self.side))
        top, bottom = (int(np.clip(v, 0, height)) for v in (self.y, self.y + self.side))
        left, top = min(left, width - 1), min(top, height - 1)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        inside = image[top:bottom, left:right]
        missing = (
            (max(top - self.y, 0), max(self.y + self.side - bottom, 0)),
            (max(left - self.x, 0), max(self.x + self.side - right, 0)),
            (0, 0),
        )
        square = np.pad(inside, missing, mode="edge")[: self.side, : self.side]
        if self.side == size:
            return np.ascontiguousarray(square)
        resized = Image.fromarray(np.ascontiguousarray(square)).resize((size, size), Image.Resampling.BICUBIC)
        return np.asarray(resized)


def square_crop(box: Box) -> Crop:
    """The crop for a face box (the tight square around the 468 face landmarks, as the detector predicts it).

    Its side is `SIDE` times the box's longer side; it is centred on the box's centre, moved up by `LIFT` of that side.
    Position and side are whole pixels, so that pasting the crop back is exact.
    """
    x0, y0, x1, y1 = box
    face = max(x1 - x0, y1 - y0)
    side = max(round(face * SIDE), SMALLEST)
    centre_x, centre_y = (x0 + x1) / 2, (y0 + y1) / 2 - face * LIFT
    return Crop(round(centre_x - side / 2), round(centre_y - side / 2), side)
