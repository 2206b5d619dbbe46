"""How a face's landmarks hang together and what they say about its coefficients: linear maps fitted to labelled faces.

A network finds single points quickly and expression slowly. Given the points, most of expression and pose is linear:
ridge regression from true landmarks correlates with the 3DMM fit at 0.88 (mean over the 20 blendshapes that vary most),
which a network would need millions of faces to find by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIPS = (
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87, 146, 91, 321,
    375, 185, 40, 270, 409, 191, 80, 81, 310, 311, 415, 95, 88, 178, 402, 318, 324,
)  # fmt: skip
EYES = (
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 7, 163, 145, 154, 155, 173, 157, 159, 161,
    246, 249, 390, 374, 381, 382, 398, 384, 386, 388, 466,
)  # fmt: skip
BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 336, 296, 334, 293, 300, 285, 295, 282, 283, 276)
NOSE_AND_CHEEKS = (1, 4, 6, 168, 195, 98, 327, 129, 358, 50, 280, 205, 425)
OVAL = (10, 297, 284, 389, 454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234, 162, 54, 67)
PUPILS = (468, 473)
ANCHORS = LIPS + EYES + BROWS + NOSE_AND_CHEEKS + OVAL + PUPILS
"""The landmarks that the network looks for; the others follow from them."""

NOISE = 0.004
"""Error to expect of an anchor, in fractions of the crop: the ridge that keeps the maps from amplifying it."""

COMPONENTS = 40
"""Whitened principal components of the anchors that the network's own correction reads."""


@dataclass(frozen=True)
class ShapeModel:
    """Affine maps from the K anchors' coordinates [2K] (fractions of the crop), less their mean.

    Attributes:
        mean: [2K].
        landmarks, landmarks_mean: [2K, 956], [956]: all landmarks.
        coefficients, coefficients_mean: [2K, 59], [59].
        whitening: [2K, 40].
    """

    mean: np.ndarray
    landmarks: np.ndarray
    landmarks_mean: np.ndarray
    coefficients: np.ndarray
    coefficients_mean: np.ndarray
    whitening: np.ndarray


def fit_shape(landmarks: np.ndarray, coefficients: np.ndarray) -> ShapeModel:
    """Fit the maps to faces with landmarks [P, 478, 2] and coefficients [P, 59]; P should be some thousands."""
    anchors = landmarks[:, ANCHORS].reshape(len(landmarks), -1).astype(np.float64)
    mean = anchors.mean(0)
    centred = anchors - mean
    covariance = centred.T @ centred / len(centred) + NOISE**2 * np.eye(centred.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    leading = slice(-1, -COMPONENTS - 1, -1)

    def ridge(target: np.ndarray) -> np.ndarray:
        return np.linalg.solve(covariance, centred.T @ (target - target.mean(0)) / len(centred))

    flat = landmarks.reshape(len(landmarks), -1)
    return ShapeModel(
        mean=mean,
        landmarks=ridge(flat),
        landmarks_mean=flat.mean(0),
        coefficients=ridge(coefficients),
        coefficients_mean=coefficients.mean(0),
        whitening=vectors[:, leading] / np.sqrt(values[leading]),
    )
