"""How far a picture is from its target, in a region: L1, PSNR and SSIM."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.renderer.regions import Mask

SIGMA = 1.5
"""Of SSIM's Gaussian window, pixels (Wang et al. 2004)."""
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_BEST = 100.0  # dB: equal pictures stay finite

Pixels = NDArray[np.uint8]


def region_scores(picture: Pixels, target: Pixels, masks: dict[str, Mask]) -> dict[str, float]:
    """ "L1 mouth" and so on, of pictures [S, S, 3] in masks [S, S]; an empty region has no scores.

    L1 in levels of 255 (mean over pixels and channels), PSNR in dB (at most 100), SSIM of the luma (mean of its map).
    """
    error = picture.astype(np.float64) - target.astype(np.float64)
    similarity = ssim_map(picture, target)
    found = {}
    for name, mask in masks.items():
        if mask.any():
            square = float(np.square(error[mask]).mean())
            found[f"L1 {name}"] = float(np.abs(error[mask]).mean())
            found[f"PSNR {name}"] = min(10 * float(np.log10(255**2 / max(square, 1e-9))), _BEST)
            found[f"SSIM {name}"] = float(similarity[mask].mean())
    return found


def ssim_map(one: Pixels, other: Pixels) -> NDArray[np.float64]:
    """Structural similarity of the luma at every pixel, [S, S] (Wang, Bovik, Sheikh & Simoncelli 2004)."""
    x, y = luma(one), luma(other)
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return np.asarray(light * (2 * covariance + _C2) / (var_x + var_y + _C2))


def luma(picture: Pixels) -> NDArray[np.float64]:
    """Brightness [H, W] in levels of 255 (BT.601)."""
    return picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), SIGMA, borderType=cv2.BORDER_REFLECT))
