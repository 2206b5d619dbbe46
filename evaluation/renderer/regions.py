"""Face, mouth, eyes and background of a crop, from its landmarks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.extractor.landmarks import FACE_LANDMARKS
from models.face3d.landmark_shape import LEFT_EYE, LIPS, RIGHT_EYE

REGIONS = ("mouth", "eyes", "face", "background")

_LIDS = 16  # the first landmarks of an eye are its lids
_MOUTH_MARGIN, _EYE_MARGIN = 0.15, 0.3  # of mouth and eye width: what moves with lips and lids

Mask = NDArray[np.bool_]


def regions(landmarks: NDArray[np.floating], size: int) -> dict[str, Mask]:
    """Masks [size, size] of `REGIONS`.

    Mouth: the lips' hull, widened by 15 % of its width. Eyes: the hulls of both eyes' lids, widened by 30 % of an eye's
    width. Face: the hull of all landmarks, mouth and eyes in it. Background: what is not face, so hair and clothes too.

    Args:
        landmarks: [478, 2] in fractions of the picture.
    """
    points = np.asarray(landmarks, np.float64) * size
    face = _hull(points[:FACE_LANDMARKS], size, 0)
    eyes = [_hull(points[list(eye[:_LIDS])], size, _EYE_MARGIN) for eye in (RIGHT_EYE, LEFT_EYE)]
    mouth = _hull(points[list(LIPS)], size, _MOUTH_MARGIN)
    return {"mouth": mouth, "eyes": eyes[0] | eyes[1], "face": face, "background": ~face}


def skin(masks: dict[str, Mask]) -> Mask:
    """The face without mouth and eyes, and without its outline, where hair or background begin."""
    inner = cv2.erode(masks["face"].astype(np.uint8), _disc(0.03 * len(masks["face"]))) > 0
    return np.asarray(inner & ~masks["mouth"] & ~masks["eyes"])


def _hull(points: NDArray[np.float64], size: int, margin: float) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return np.asarray(cv2.dilate(mask, _disc(margin * float(np.ptp(points[:, 0])))) > 0)


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * round(radius) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
