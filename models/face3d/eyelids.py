"""Paint the part of an upper eyelid that a photo does not show: the skin that an open eye folds away, and its lashes.

Where a lid comes down, the flow can only stretch its rim, lashes and all, over the eye. A closed eye is better told by
what surrounds it: the lid is filled in from the skin around the eye, and a lash line is drawn along its edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from models.coefficients import ARKIT
from models.face3d.face import Face
from models.face3d.morphable import MorphableModel

LID_SLIDERS = [
    index for name, index in ARKIT.index.items() if name.startswith(("eyeBlink", "eyeLookDown", "eyeSquint", "eyeWide"))
]
OPEN = 0.08  # of the width: a smaller opening is a shut eye, whose lid the photo shows
LEAST = 0.2  # share of the opening that must close before any lid is painted
SHUT = 0.75  # share from which nothing of the eye is left to see
STRIP = 0.13  # of the eye's width: height of the lashes above the rim, which go with the old eye
LINE = 0.055  # of the eye's width: thickness of the new lash line
PROFILE = 0.45  # of the eye's width seen from the front: an eye turned further away is left alone
FRONT_WIDTH = 2.6  # centimetres from corner to corner


@dataclass(frozen=True)
class _Eye:
    """The rims of one eye in a picture, float32 [9, 2] each, corner to corner."""

    upper: np.ndarray
    lower: np.ndarray

    @property
    def width(self) -> float:
        return float(np.linalg.norm(self.upper[0] - self.upper[-1]))

    @property
    def opening(self) -> float:
        """Mean distance of the rims between the corners; the rims of a shut eye may cross."""
        return float(((self.upper - self.lower)[1:-1] @ self._up).mean())

    @property
    def _up(self) -> np.ndarray:
        along = (self.upper[-1] - self.upper[0]) / self.width
        return np.array([along[1], -along[0]])

    def raised(self, distance: float) -> np.ndarray:
        """The upper rim moved up by a distance, its corners left in place."""
        lift = np.sin(np.linspace(0, np.pi, len(self.upper)))[:, None] ** 0.3
        return self.upper + distance * lift * self._up

    def area(self, size: int) -> np.ndarray:
        return _polygon(np.concatenate([self.upper, self.lower[::-1]]), size)


def paint_eyelids(
    model: MorphableModel, photo: np.ndarray, picture: np.ndarray, source: Face, target: Face
) -> np.ndarray:
    """Return `picture` (uint8 [size, size, 3], `photo` warped from `source` to `target`) with closing lids painted."""
    size = picture.shape[0]
    for was, now, own, closed in _closing(model, source, target):
        if closed > LEAST:
            picture = _paint_eye(picture, was, now, min(closed, 1.0), _lash_colour(photo, own, size))
    return picture


def shut_eyes(model: MorphableModel, source: Face, target: Face, size: int) -> np.ndarray:
    """Where a picture of `target` shows lids over eyes that are open in `source`, bool [size, size]."""
    shut = np.zeros((size, size), np.uint8)
    for was, now, _, closed in _closing(model, source, target):
        if closed > SHUT:
            shut |= _opening(was, now, size)
    return shut > 0


def _closing(model: MorphableModel, source: Face, target: Face) -> Iterator[tuple[_Eye, _Eye, _Eye, float]]:
    """The eyes that are open in `source` and not turned away in `target`: each in the target's pose with the source's
    lids, as it is in the target, as it is in the source, and the share of its opening that closes."""
    lids = target.expression.copy()
    lids[LID_SLIDERS] = source.expression[LID_SLIDERS]
    before = _eyes(model, Face(target.person, lids, target.pose))
    for was, now, own in zip(before, _eyes(model, target), _eyes(model, source), strict=True):
        shut_before = was.opening < OPEN * was.width
        in_profile = was.width < PROFILE * FRONT_WIDTH * target.pose.scale
        if not shut_before and not in_profile:
            yield was, now, own, 1 - now.opening / was.opening


def _opening(was: _Eye, now: _Eye, size: int) -> np.ndarray:
    return cv2.dilate(was.area(size) | now.area(size), np.ones((5, 5), np.uint8))


def _paint_eye(picture: np.ndarray, was: _Eye, now: _Eye, closed: float, lash: np.ndarray) -> np.ndarray:
    size = picture.shape[0]
    lid = _polygon(np.concatenate([was.raised(STRIP * was.width), now.upper[::-1]]), size)
    eye = _opening(was, now, size)
    rim = now.upper
    if closed > SHUT:
        lid, rim = lid | eye, (now.upper + now.lower) / 2
    skin = cv2.inpaint(picture, (lid | eye) * 255, 3, cv2.INPAINT_TELEA)
    skin = cv2.GaussianBlur(skin, (0, 0), 0.02 * was.width)
    picture = _blend(picture, skin, cv2.GaussianBlur(lid.astype(np.float32), (0, 0), 0.7))
    strength = 0.85 * closed * _line(rim, LINE * was.width, size)
    return _blend(picture, np.broadcast_to(lash, picture.shape), strength)


def _eyes(model: MorphableModel, face: Face) -> list[_Eye]:
    points = model.project(model.expressed(face.person, face.expression), face.pose)[:, :2]
    return [_Eye(points[upper], points[lower]) for upper, lower in model.lid_rims]


def _lash_colour(photo: np.ndarray, eye: _Eye, size: int) -> np.ndarray:
    """The darker part of the open eye and its rims, float [3]."""
    pixels = photo[eye.area(size) > 0]
    return np.percentile(pixels, 15, axis=0) if len(pixels) else np.zeros(3)


def _polygon(points: np.ndarray, size: int) -> np.ndarray:
    """Pixels inside a polygon [P, 2], uint8 0 or 1 [size, size]."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1)
    return mask


def _line(points: np.ndarray, width: float, size: int) -> np.ndarray:
    """An antialiased open line through points [P, 2], float32 [size, size] in [0, 1], fading towards its ends."""
    fine = 4
    canvas = np.zeros((size * fine, size * fine), np.uint8)
    ends = np.rint((points + 0.5) * fine - 0.5).astype(np.int32)
    for k, (a, b) in enumerate(pairwise(ends)):
        level = 255 * np.sin(np.pi * (k + 1) / len(points)) ** 0.3
        cv2.line(canvas, a.tolist(), b.tolist(), float(level), max(1, round(width * fine)), cv2.LINE_AA)
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _blend(picture: np.ndarray, layer: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    mixed = picture + alpha[..., None] * (layer.astype(np.float32) - picture)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
