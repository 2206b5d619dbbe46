"""A picture moved by a backward flow."""

from __future__ import annotations

import cv2
import numpy as np


def warp(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Sample `picture` [size, size, …] at p + flow[p] (pixels, [size, size, 2]); the border is repeated outside."""
    size = picture.shape[0]
    x, y = (own + flow[..., k] for k, own in enumerate(np.meshgrid(*[np.arange(size, dtype=np.float32)] * 2)))
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
