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
    """A square of a picture, and how the face in it is brought upright.

    Attributes:
        x, y: its upper left corner in the picture. It may reach over the picture's border.
        side: pixels.
        turn: quarter turns counter-clockwise, 0 to 3, after which the face in it is upright. Everything in fractions of
            the crop refers to the turned square.
    """

    x: int
    y: int
    side: int
    turn: int = 0

    def cut(self, image: np.ndarray, size: int) -> np.ndarray:
        """The square, turned, as [size, size, 3] uint8, antialiased; outside `image` [H, W, 3] the border repeats."""
        return np.ascontiguousarray(np.rot90(self._cut(image, size), self.turn))

    def put_back(self, picture: np.ndarray) -> np.ndarray:
        """What was made of a cut square, [S, S, 3], turned back to how the picture shows it."""
        return np.ascontiguousarray(np.rot90(picture, -self.turn))

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2] in fractions of the turned square, in pixels of the picture."""
        return turned_back(points, (1, 1), self.turn) * self.side + (self.x, self.y)

    def from_picture(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2] in pixels of the picture, in fractions of the turned square."""
        return turned_back((points - (self.x, self.y)) / self.side, (1, 1), -self.turn)

    def _cut(self, image: np.ndarray, size: int) -> np.ndarray:
        """The square as the picture shows it."""
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
            return square
        resized = Image.fromarray(np.ascontiguousarray(square)).resize((size, size), Image.Resampling.BICUBIC)
        return np.asarray(resized)


def square_crop(box: Box, turn: int = 0) -> Crop:
    """The crop for a face box (the tight square around the 468 face landmarks, as the detector predicts it).

    Its side is `SIDE` times the box's longer side; it is centred on the box's centre, moved by `LIFT` of that side to
    where the face's up is. Position and side are whole pixels, so that pasting the crop back is exact.

    Args:
        turn: quarter turns counter-clockwise after which the face is upright.
    """
    x0, y0, x1, y1 = box
    face = max(x1 - x0, y1 - y0)
    side = max(round(face * SIDE), SMALLEST)
    up_x, up_y = ((0, -1), (1, 0), (0, 1), (-1, 0))[turn]
    centre_x, centre_y = (x0 + x1) / 2 + up_x * face * LIFT, (y0 + y1) / 2 + up_y * face * LIFT
    return Crop(round(centre_x - side / 2), round(centre_y - side / 2), side, turn)


def turned_back(points: np.ndarray, size: tuple[float, float], turn: int) -> np.ndarray:
    """Points [..., 2] of a picture that was turned counter-clockwise, as points of the picture before.

    Args:
        size: width and height of the picture before.
        turn: quarter turns; negative ones were clockwise.
    """
    (width, height), (x, y) = size, np.moveaxis(points, -1, 0)
    places = ((x, y), (width - y, x), (width - x, height - y), (y, height - x))
    return np.stack(places[turn % 4], -1)
