"""The layer of the eyes: irises that turn, whites beside them, and lids that come down as the photo's own skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw
from models.face3d.landmark_fit import FittedFace
from models.face3d.pose import HeadPose
from models.renderer.layers.lids import EyeRims, LidSkin
from models.renderer.layers.masks import Window, filled, from_edge, sampled, stroke

SHUT = 0.08
"""Opening, in widths of the eye, of an eye that counts as shut: the photo does not show what lies behind its lid."""

BROWS = ((55, 65, 52, 53, 46), (285, 295, 282, 283, 276))
"""Landmarks of the lower edge of the brow over each of the `lid_rims`."""

LINE = 0.045
"""Thickness of a shut eye's lash line, in widths of the eye."""

WING = 0.18
"""How far the lash line goes beyond the outer corner, in widths of the eye."""

TAPER = 0.3
"""How soon it becomes thinner towards the corners: later, the smaller."""

LASH_LIGHT = 0.28
"""Its light against the skin below the eye."""

GONE = 0.15
"""Of the opening: what an eye that is nearly shut still shows fades."""

LINE_BEGINS, LINE_ALPHA = 0.35, 0.7

Array = NDArray[np.float32]


def _eyes(face: FittedFace, vertices: Array) -> list[EyeRims]:
    """Both eyes of a face with those vertices [V, 3]."""
    return [EyeRims(vertices[upper, :2], vertices[lower, :2]) for upper, lower in face.model.lid_rims]


@dataclass(frozen=True, eq=False)
class Lid:
    """An upper lid in a frame.

    Attributes:
        closing: how far the eye's opening closes, in [0, 1]; 0 for an eye that is shut in the photo.
        opened: its eye's rims, were it as open as in the photo.
    """

    closing: float
    opened: EyeRims


class EyeLayer:
    """The eyes of one source.

    Args:
        picture: the crop, uint8 [S, S, 3]. face: fitted to it.
    """

    def __init__(self, picture: NDArray[np.uint8], face: FittedFace) -> None:
        self._picture, self._face, self._side = picture, face, len(picture)
        self._own = _eyes(face, face.placed)
        self._seen: list[Array] = []
        self._whites: list[Array] = []
        self._lids: dict[int, LidSkin] = {}
        self._tones = [_tone(picture, eye) for eye in self._own]
        for eye in self._own:
            window = self._around(eye)
            inside = filled(eye.outline, window)
            pixels = picture[window.place][inside > 0.9].astype(np.float32)
            skin = np.median(picture[window.place].reshape(-1, 3), 0) if len(pixels) < 8 else None
            self._whites.append(_white(pixels) if skin is None else np.asarray(skin, np.float32))
            # Up to the rims and a little beyond: an eye that does not turn must stay as it is.
            self._seen.append(np.clip(4 * cv2.GaussianBlur(inside, (0, 0), 0.7), 0, 1))

    def lids(self, expression: Array, pose: HeadPose) -> list[Lid]:
        """Both lids with those weights [53] in that pose."""
        face, rims = self._face, self._face.model.lid_rims.ravel()
        now = face.vertices(expression, face.pose, rims)[:, :2].reshape(2, 2, -1, 2)
        opened = face.vertices(face.expression, pose, rims)[:, :2].reshape(2, 2, -1, 2)
        closing = [
            float(np.clip(1 - EyeRims(*rim).opening / own.opening, 0, 1)) if own.opening >= SHUT else 0.0
            for own, rim in zip(self._own, now, strict=True)
        ]
        return [Lid(amount, EyeRims(*rims)) for amount, rims in zip(closing, opened, strict=True)]

    def paint(self, picture: Array, vertices: Array, lids: list[Lid]) -> None:
        """Draw eyeballs, lids and lash lines into a picture float32 [S, S, 3], in place."""
        eyes = _eyes(self._face, vertices)
        nose = np.concatenate([eye.outline for eye in eyes]).mean(0)
        for number, (own, eye) in enumerate(zip(self._own, eyes, strict=True)):
            if own.opening < SHUT:
                continue
            lid = lids[number]
            if lid.closing < 1:
                self._eyeball(picture, vertices, number, eye, min((1 - lid.closing) / GONE, 1.0))
            if lid.closing > 0:
                self._lid(number).paint(picture, lid.opened, eye, lid.closing)
            if lid.closing > LINE_BEGINS:
                self._lash_line(picture, eye, own, LASH_LIGHT * self._tones[number], lid.closing, nose)

    def _lid(self, number: int) -> LidSkin:
        """An eye's lid, made when it first comes down."""
        if number not in self._lids:
            brow = self._face.placed[self._face.model.landmarks[list(BROWS[number])], :2]
            self._lids[number] = LidSkin(self._picture, self._own[number], brow, self._tones[number])
        return self._lids[number]

    def _around(self, eye: EyeRims) -> Window:
        return Window.around(eye.outline, 0.3 * eye.width, self._side)

    def _eyeball(self, picture: Array, vertices: Array, number: int, eye: EyeRims, strength: float) -> None:
        """The ball with the photo's own iris, as far as the photo shows it, white beside it; shaded under the lid."""
        window = Window.around(eye.outline, 2, self._side)
        alpha = filled(eye.outline, window)
        depth, places = draw(
            window.local(vertices),
            self._face.placed[:, :2],
            self._face.model.eyeballs[number],
            window.height,
            window.width,
        )
        here = places - self._around(self._own[number]).corner
        seen = sampled(self._seen[number], here, cv2.INTER_LINEAR)[..., None]
        own = sampled(self._picture, places)
        ball = self._whites[number] * self._shade(alpha, eye)[..., None] * (1 - seen) + own * seen
        alpha = (strength * alpha * (depth > EMPTY))[..., None]
        picture[window.place] += alpha * (ball - picture[window.place])

    def _shade(self, alpha: Array, eye: EyeRims) -> Array:
        """Light on the eyeball [h, w]: less near the rims."""
        return 0.6 + 0.4 * np.clip(from_edge(alpha > 0.5) / (0.12 * eye.width), 0, 1)

    def _lash_line(self, picture: Array, eye: EyeRims, own: EyeRims, dark: Array, closing: float, nose: Array) -> None:
        window = self._around(eye)
        # Lashes reach beyond the outer corner.
        ends = eye.upper[[0, -1]]
        outer = int(np.argmax(np.linalg.norm(ends - nose, axis=1)))
        wing = ends[outer] + WING * (ends[outer] - ends[1 - outer])
        rim = np.insert(eye.upper, len(eye.upper) if outer else 0, wing, axis=0)
        times, knots = np.linspace(0, 1, 33), np.linspace(0, 1, len(rim))
        line = np.stack([np.interp(times, knots, rim[:, k]) for k in (0, 1)], -1).astype(np.float32)
        taper = np.sin(np.pi * (times[1:] + times[:-1]) / 2) ** TAPER
        thick = stroke(line, np.asarray(LINE * own.width * taper, np.float32), window)
        cover = cv2.GaussianBlur(thick, (0, 0), max(0.5, 0.012 * own.width))
        strength = LINE_ALPHA * (closing - LINE_BEGINS) / (1 - LINE_BEGINS)
        alpha = (strength * cover)[..., None]
        picture[window.place] += alpha * (dark - picture[window.place])


def _tone(picture: NDArray[np.uint8], eye: EyeRims) -> Array:
    """Colour of the skin below an eye, [3]."""
    across = np.linspace(0.2, 0.8, 7)[:, None, None] * (eye.lower[-1] - eye.lower[0])
    down = np.linspace(0.12, 0.4, 5)[:, None] * eye.width * -eye.up
    places = (eye.lower[0] + across + down + eye.up * min(eye.opening, 0.0)).reshape(-1, 2)
    columns, rows = np.clip(np.rint(places).astype(int), 0, len(picture) - 1).T
    return np.asarray(np.percentile(picture[rows, columns].astype(np.float32), 60, axis=0), np.float32)


def _white(pixels: Array) -> Array:
    """The white of an eye from the pixels [P, 3] inside its rims."""
    level = pixels.mean(1)
    return np.median(pixels[level >= np.percentile(level, 75)], 0).astype(np.float32)
