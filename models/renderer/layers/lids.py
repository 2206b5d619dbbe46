"""The upper lid of one eye, as it looks when it is down: the photo's own skin without the open eye and its lashes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.renderer.layers.masks import Window, filled, sampled, spread

LASHES, LOWER = 0.5, 0.12
"""Heights of the lashes above and below an open eye's rims, in widths of the eye: they are not on the lid."""

TO_BROW = 0.85
"""How much of the skin between rim and brow may count as lashes."""

EDGE = 0.02
"""Blur of a lid's edge, in widths of the eye."""

SINK = 0.07
"""How far a shut lid goes beyond its rim, in widths of the eye: the wet edge of the lower lid is behind it."""

WIDE, FADE = 0.3, 0.1
"""How far beyond the corners of the eye lashes reach, and over how much a lid's edge is soft; in widths of the eye."""

REACHES, FARTHER = (0.08, 0.16, 0.4), 0.02
"""How far from it, in widths of the eye, the skin is that fills the lid, and what the next farther counts: the nearest
that there is."""

DARK, BRIGHT = (0.45, 0.8), (1.5, 1.25)
"""Light against the skin below the eye, of what is no skin and of what is: brows and frames; reflections."""

FRAME, GLARE, BEYOND = 0.42, 1.35, 0.15
"""Light of frames and of reflections; they lie before the eye where they fill such a square beyond it, in widths."""

GRAIN, GRAIN_LIMIT = 0.05, 3.0
"""Scale of the skin's grain in widths of the eye, and what exceeds it so many times is something else."""

BELOW = 0.36
"""The lid has the grain of the skin that begins so far below the eye, in widths, upside down: it is not stretched."""

CREASE, CREASE_HEIGHT, CREASE_WIDTH = 0.04, 0.14, 0.06
"""How dark the fold above a shut eye is, how far above the open eye's rim, and how wide."""

LIGHT = 1.0
"""Least light of a shut lid against the skin below the eye: it leaves the shadow of the brow."""

ROUND, ROUND_REACH, CORNER = 0.4, 0.07, 0.4
"""How much darker the lid is at its rim, and over how many widths of the eye; less where the eye has less of this
fraction of its roundness, near the corners."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EyeRims:
    """The rims of one eye in a picture, [L, 2] each, corner to corner."""

    upper: Array
    lower: Array

    @property
    def width(self) -> float:
        return max(float(np.linalg.norm(self.upper[-1] - self.upper[0])), 1e-3)

    @property
    def up(self) -> Array:
        along = (self.upper[-1] - self.upper[0]) / self.width
        up = np.array([along[1], -along[0]], np.float32)
        return up if up[1] < 0 else -up

    @property
    def opening(self) -> float:
        """Mean distance of the rims, in widths."""
        return float(((self.upper - self.lower)[1:-1] @ self.up).mean()) / self.width

    @property
    def outline(self) -> Array:
        return np.concatenate([self.upper, self.lower[::-1]])

    def local(self, points: Array) -> tuple[Array, Array]:
        """Points [..., 2]: how far along the eye, 0 and 1 at its corners, and how far above their line, in widths."""
        away = points - self.upper[0]
        along = (self.upper[-1] - self.upper[0]) / self.width**2
        return away @ along, away @ (self.up / self.width)


def height_of(rim: Array, eye: EyeRims, along: Array) -> Array:
    """How high a line of points [L, 2] is above the corners' line of an eye at places along it, in widths."""
    places, heights = eye.local(rim)
    order = np.argsort(places)
    return np.interp(along, places[order], heights[order]).astype(np.float32)


class LidSkin:
    """A lid's skin in the photo's own place, made once.

    Args:
        picture: the crop, uint8 [S, S, 3]. eye: its rims there. brow: points [B, 2] of the brow's lower edge.
        tone: colour of the skin below the eye, [3].
    """

    def __init__(self, picture: NDArray[np.uint8], eye: EyeRims, brow: Array, tone: Array) -> None:
        self._eye = eye
        self._window = Window.around(eye.outline, 0.75 * eye.width, len(picture))
        own = picture[self._window.place].astype(np.float32)
        along, height = eye.local(self._window.grid)
        over, under = height - height_of(eye.upper, eye, along), height_of(eye.lower, eye, along) - height
        to_brow = np.maximum(height_of(brow, eye, along) - height_of(eye.upper, eye, along), 0)
        sides = np.clip((0.5 + WIDE - np.abs(along - 0.5)) / FADE, 0, 1)
        lashes = np.minimum(LASHES, TO_BROW * to_brow)
        gone = sides * _fall(over, 0.5 * lashes, lashes) * _fall(under, 0.6 * LOWER, LOWER)
        top = (sides * _fall(over, lashes, np.minimum(lashes + FADE, 0.9 * to_brow + 0.01))).astype(np.float32)
        level = max(float(tone.mean()), 1.0)
        light = own.mean(-1) / level
        gone = (gone * (1 - _before_the_eye(light, gone, over < 0.16, eye.width))).astype(np.float32)
        fill = _filled_in(own, np.clip(1 - 20 * gone, 0, 1) * _is_skin(light), eye.width)
        within = np.clip(2 * spread(gone[..., None], 0.1 * eye.width) - 1, 0, 1).reshape(*gone.shape, 1)
        fill += within * np.maximum(LIGHT - fill.mean(-1, keepdims=True) / level, 0) * tone
        grain = _mirrored(_grain(own, eye.width), self._window, eye, 2 * under - BELOW)
        skin = own + gone[..., None] * (fill + grain - own)
        middle = np.clip(1 - (2 * along - 1) ** 2, 0, 1)
        fold = np.exp(-(((over - CREASE_HEIGHT * middle) / CREASE_WIDTH) ** 2)) * np.sqrt(middle)
        low = np.exp(np.minimum(under, 0) / ROUND_REACH) * np.minimum(middle / CORNER, 1)
        # Together, as they are sampled: skin and how far it is drawn; lashes over skin and its shade.
        self._skin = np.dstack([skin, top]).astype(np.float32)
        lashes = np.clip(own / np.maximum(skin, 1), 0.1, 1.3)
        self._lashes = np.dstack([lashes, gone * (CREASE * fold + ROUND * low)]).astype(np.float32)

    def paint(self, picture: Array, opened: EyeRims, now: EyeRims, closing: float) -> None:
        """Draw the lid into a picture float32 [S, S, 3], in place.

        Args:
            opened: the eye's rims in the picture, were it as open as in the photo. now: as they are.
            closing: of its opening, in (0, 1].
        """
        knots = np.linspace(0, np.pi, len(now.upper))[:, None]
        low = now.upper - now.up * (closing * SINK * now.width) * np.sin(knots)
        aside, above = (WIDE + FADE) * (now.upper[-1] - now.upper[0]), opened.up * (0.5 + LASHES) * opened.width
        ends = np.stack([low[-1] + aside, low[-1] + aside + above, low[0] - aside + above, low[0] - aside])
        outline = np.concatenate([low, ends]).astype(np.float32)
        window = Window.around(outline, 1, len(picture))
        places = window.grid @ (turn := self._into_photo(opened))[:2] + turn[2]
        here = (places - self._window.corner).astype(np.float32)
        skin = sampled(self._skin, here)
        shade = closing * sampled(self._lashes[..., 3], here, cv2.INTER_LINEAR)
        lid = skin[..., :3] * (1 - shade)[..., None]
        if closing < 1:
            rim = (now.upper @ turn[:2] + turn[2]).astype(np.float32)
            sunk = self._sunk(rim, places) * self._eye.width * self._eye.up
            lid *= 1 + (1 - closing) * (sampled(self._lashes, here + sunk, cv2.INTER_LINEAR)[..., :3] - 1)
        edge = cv2.GaussianBlur(filled(outline, window), (0, 0), max(EDGE * now.width, 0.3))
        alpha = edge * np.clip(skin[..., 3], 0, 1) * min(closing / 0.15, 1.0)
        picture[window.place] += alpha[..., None] * (lid - picture[window.place])

    def _sunk(self, rim: Array, places: Array) -> Array:
        """How far a rim [L, 2] has come down at places [h, w, 2] of the photo, in widths of the eye, [h, w, 1]."""
        knots = np.linspace(0, 1, 33, dtype=np.float32)
        fallen = height_of(self._eye.upper, self._eye, knots) - height_of(rim, self._eye, knots)
        return np.interp(self._eye.local(places)[0], knots, fallen)[..., None].astype(np.float32)

    def _into_photo(self, opened: EyeRims) -> Array:
        """The affine map [3, 2] from a picture's eye to the photo's: [x, y, 1] times it."""
        points = np.column_stack([opened.outline, np.ones(2 * len(opened.upper))])
        return np.linalg.lstsq(points, self._eye.outline, rcond=None)[0].astype(np.float32)


def _mirrored(grain: Array, window: Window, eye: EyeRims, lift: Array) -> Array:
    """A window's grain [h, w, 3] where it is so much higher than each pixel, in widths of the eye, [h, w]."""
    places = window.grid - window.corner + lift[..., None] * (eye.width * eye.up)
    x, y = np.moveaxis(places.astype(np.float32), -1, 0)
    return np.asarray(cv2.remap(grain, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def _fall(distance: Array, begin: Array | float, end: Array | float) -> Array:
    """1 up to a distance, 0 from another on."""
    return np.asarray(np.clip((end - distance) / np.maximum(np.subtract(end, begin), 1e-3), 0, 1), np.float32)


def _is_skin(light: Array) -> Array:
    """How sure it is that pixels of that light are skin."""
    bright = np.clip((light - DARK[0]) / (DARK[1] - DARK[0]), 0.01, 1)
    return np.asarray(bright * np.clip((BRIGHT[0] - light) / (BRIGHT[0] - BRIGHT[1]), 0.01, 1), np.float32)


def _before_the_eye(light: Array, gone: Array, eye: NDArray[np.bool_], width: float) -> Array:
    """What lies before the eye and stays, [h, w] in [0, 1]: frames of glasses, their reflections, brows.

    Frames and brows are dark and reach far beyond the lashes; lashes and irises do not. So do reflections, brightly."""
    near = cv2.dilate((gone > 0.02).astype(np.uint8), np.ones((3, 3)), iterations=max(1, round(0.04 * width))) > 0
    stays = np.zeros(light.shape, np.uint8)
    for mask in ((light < FRAME) & ~eye, light > GLARE):
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        wanted = np.bincount(labels[~near], minlength=len(boxes)) > (BEYOND * width) ** 2
        wanted[0] = False
        stays |= wanted[labels].astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(stays.astype(np.float32), (0, 0), max(0.5, 0.02 * width)), np.float32)


def _filled_in(own: Array, weight: Array, width: float) -> Array:
    """A picture [h, w, 3] smoothly continued from where it has weight."""
    weighted = np.dstack([own * weight[..., None], weight])
    weights = [FARTHER**number * spread(weighted, reach * width) for number, reach in enumerate(REACHES)]
    smooth = np.sum(weights, 0)
    return np.asarray(smooth[..., :3] / (smooth[..., 3:] + 1e-6), np.float32)


def _grain(own: Array, width: float) -> Array:
    """The fine structure of a picture [h, w, 3], without what is too strong for skin."""
    fine = own - cv2.GaussianBlur(own, (0, 0), max(GRAIN * width, 0.5))
    limit = GRAIN_LIMIT * float(np.median(np.abs(fine))) + 1.0
    return np.clip(fine, -limit, limit)
