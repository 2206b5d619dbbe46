"""The visible label that says a picture was edited."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_TEXT = "AI-edited"
_BACKGROUND = 0.55  # how much of the plate behind the letters covers the picture


class VisibleLabel:
    """Draws the label into the lower left corner of frames of one size.

    Args:
        width, height: the frames' size in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        letters = max(10, round(min(width, height) * 0.035))
        font = ImageFont.load_default(size=letters)
        left, top, right, bottom = font.getbbox(_TEXT)
        pad = letters // 2
        plate = Image.new("L", (int(right - left) + 2 * pad, int(bottom - top) + 2 * pad))
        ImageDraw.Draw(plate).text((pad - left, pad - top), _TEXT, fill=255, font=font)
        text = np.asarray(plate, np.float32)[:height, :width, None] / 255
        self._rows, self._columns = text.shape[:2]
        self._light = text * 255
        self._keep = (1 - _BACKGROUND) * (1 - text)

    def draw(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of uint8 [H, W, 3 or 4] with the label; the rest of the frame is unchanged."""
        labelled = frame.copy()
        corner = labelled[-self._rows :, : self._columns]
        alpha = corner[..., 3:] / np.float32(255) if frame.shape[2] == 4 else np.float32(1)
        covered = 1 - self._keep * (1 - alpha)  # the label is no more transparent than it is on an opaque frame
        corner[..., :3] = ((corner[..., :3] * alpha * self._keep + self._light) / covered).round()
        if frame.shape[2] == 4:
            corner[..., 3:] = (covered * 255).round()
        return labelled
