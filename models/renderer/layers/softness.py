"""How soft a photo is, told from the photo itself: one that was enlarged, or out of focus, gets no mouth of glass."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 400
"""Pixels, at most, of the side of the square around the eyes that is looked at."""

AGAIN = 1.0
"""Blur, in pixels, of the copy that is compared with."""

STRONG, SHARPEST = 0.03, 0.25
"""Which fraction of the pixels are strong edges, and which of those are as sharp as the photo can show."""

SHARP = 0.66
"""Blur, in pixels, that edges of sharp photos have. Of nine training photos all had 0.54 to 0.65; enlarged to double
size, 0.70 to 1.02; to four times the size, 1.18 to 1.61."""


def softness(picture: NDArray[np.uint8], centre: NDArray[np.float32]) -> float:
    """Blur in pixels beyond that of a sharp photo; 0 for a sharp one.

    An edge of blur s whose gradient falls by the factor r when it is blurred again by t has s² (r² - 1) = t²
    (Zhuo & Sim, "Defocus map estimation from a single image", 2011, equation 5).

    Args:
        picture: uint8 [S, S, 3].
        centre: between the eyes, (x, y) in its pixels.
    """
    half = WINDOW // 2
    left, top = (max(int(position) - half, 0) for position in centre)
    grey = cv2.cvtColor(picture[top : top + WINDOW, left : left + WINDOW], cv2.COLOR_RGB2GRAY).astype(np.float32)
    again = np.asarray(cv2.GaussianBlur(grey, (0, 0), AGAIN), np.float32)
    first, second = _gradient(grey), _gradient(again)
    is_edge = (first >= cv2.dilate(first, np.ones((5, 5)))) & (first > np.quantile(first, 1 - STRONG))
    if not is_edge.any():
        return 0.0
    ratio = np.maximum(first[is_edge] / np.maximum(second[is_edge], 1e-3), 1.001)
    blur = float(np.quantile(AGAIN / np.sqrt(ratio**2 - 1), SHARPEST))
    return float(np.sqrt(max(blur**2 - SHARP**2, 0)))


def _gradient(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """How steep a picture [h, w] is, [h, w]."""
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axes, ksize=3) for axes in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down))
