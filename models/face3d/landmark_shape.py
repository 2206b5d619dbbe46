"""How a face's landmarks depend on one another and on its coefficients: linear maps fitted to labelled faces.

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

RIGHT_EYE = (
    33, 246, 161, 160, 159, 158, 157, 173, 133, 7, 163, 144, 145, 153, 154, 155,
    70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 468,
)  # fmt: skip
LEFT_EYE = (
    263, 466, 388, 387, 386, 385, 384, 398, 362, 249, 390, 373, 374, 380, 381, 382,
    300, 293, 334, 296, 336, 276, 283, 282, 295, 285, 473,
)  # fmt: skip
"""Lids, brow and pupil of the person's own right and left eye, in mirrored order."""
MOUTH = LIPS

DISTANCES = (
    (159, 145), (158, 153), (160, 144), (386, 374), (385, 380), (387, 373),  # the lids' openings
    (468, 33), (468, 133), (473, 263), (473, 362),  # gaze
    (13, 14), (82, 87), (312, 317), (0, 17), (61, 291), (0, 1), (17, 152),  # lips, mouth, jaw
    (105, 159), (66, 158), (334, 386), (296, 385), (55, 285),  # brows
)  # fmt: skip
"""Pairs of landmarks whose distance is what an expression changes."""

NOISE = 0.002
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
    """Fit the maps to faces with landmarks [P, 478, 2] and coefficients [P, 59]; P should be some thousands.

    The faces should move all that the network is to see move: a ridge hardly dares what its data hardly show.
    Landmarks may be NaN where unknown.
    """
    landmarks = _completed(landmarks.reshape(len(landmarks), -1).astype(np.float64)).reshape(landmarks.shape)
    anchors = landmarks[:, ANCHORS].reshape(len(landmarks), -1)
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


def _completed(values: np.ndarray) -> np.ndarray:
    """Unknown columns of [P, D], of which each row has all or those that every row has, as the known ones suggest."""
    known = np.isfinite(values)
    always, whole = known.all(0), known.all(1)
    if always.all():
        return values
    mean = values[whole].mean(0)
    given = values[:, always] - mean[always]
    covariance = given[whole].T @ given[whole] / whole.sum() + NOISE**2 * np.eye(int(always.sum()))
    missing = values[whole][:, ~always] - mean[~always]
    guess = given @ np.linalg.solve(covariance, given[whole].T @ missing / whole.sum()) + mean[~always]
    completed = values.copy()
    completed[:, ~always] = np.where(known[:, ~always], values[:, ~always], guess)
    return completed
