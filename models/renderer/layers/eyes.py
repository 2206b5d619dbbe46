"""The layer of the eyes: irises that turn, whites beside them, and lids that come down as the photo's own skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw
from models.face3d.landmark_fit import BLINKS, FittedFace
from models.face3d.pose import HeadPose
from models.renderer.layers.masks import Window, filled, from_edge, sampled, stroke

SHUT = 0.08
"""Opening, in widths of the eye, of an eye that counts as shut: the photo does not show what lies behind its lid."""

LASHES = 0.24
"""Height of the lashes above an open eye's rim, in widths of the eye. A lid that comes down leaves them behind."""

LOWER = 0.04
"""The same below the lower rim."""

NEAR = 2.2
"""Centimetres from its rim at which skin does not belong to a lid any more."""

LID = 0.5
"""How far above the rim the lid's skin is stretched, in widths of the eye."""

BROWS = ((55, 65, 52, 53, 46), (285, 295, 282, 283, 276))
"""Landmarks of the lower edge of the brow over each of the `lid_rims`."""

TO_BROW, FROM_BROW = 0.8, 0.65
"""How much of the skin between rim and brow a lid may stretch, and how far up in that its rim may begin."""

LINE = 0.05
"""Thickness of a shut eye's lash line, in widths of the eye."""

LIGHT, FULL = 0.95, 0.6
"""Least light of a shut lid against the skin below the eye, and how far the eye has closed when its lid has it."""

STREAKS, SHADOW = 0.9, 0.12
"""How much of the detail of a strip goes that lacks so much of that light: it is brow, lashes or grain."""

GONE = 0.15
"""Of the opening: what an eye that is nearly shut still shows fades."""

LINE_BEGINS, LINE_ALPHA = 0.35, 0.8

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Eye:
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


def _eyes(face: FittedFace, vertices: Array) -> list[_Eye]:
    """Both eyes of a face with those vertices [V, 3]."""
    return [_Eye(vertices[upper, :2], vertices[lower, :2]) for upper, lower in face.model.lid_rims]


@dataclass(frozen=True, eq=False)
class Lid:
    """An upper lid in a frame.

    Attributes:
        closing: how far the eye's opening closes, in [0, 1]; 0 for an eye that is shut in the photo.
        open_rim: where its rim would be without a blink, [L, 2].
    """

    closing: float
    open_rim: Array


class EyeLayer:
    """The eyes of one source.

    Args:
        picture: the crop, uint8 [S, S, 3]. face: fitted to it.
    """

    def __init__(self, picture: NDArray[np.uint8], face: FittedFace) -> None:
        self._picture, self._face, self._side = picture, face, len(picture)
        self._own = _eyes(face, face.placed)
        self._lifts = [self._lift(number, eye) for number, eye in enumerate(self._own)]
        self._seen: list[Array] = []
        self._whites: list[Array] = []
        self._darks: list[Array] = []
        self._tones: list[Array] = []
        for eye in self._own:
            window = self._around(eye)
            inside = filled(eye.outline, window)
            pixels = picture[window.place][inside > 0.9].astype(np.float32)
            skin = np.median(picture[window.place].reshape(-1, 3), 0) if len(pixels) < 8 else None
            self._tones.append(_tone(picture, eye))
            self._whites.append(_white(pixels) if skin is None else np.asarray(skin, np.float32))
            self._darks.append(np.asarray(np.percentile(pixels, 12, 0) if skin is None else skin * 0.4, np.float32))
            # Up to the rims and a little beyond: an eye that does not turn must stay as it is.
            self._seen.append(np.clip(4 * cv2.GaussianBlur(inside, (0, 0), 0.7), 0, 1))

    def lids(self, expression: Array, pose: HeadPose) -> list[Lid]:
        """Both lids with those weights [53] in that pose."""
        face, rims = self._face, self._face.model.lid_rims.ravel()
        unblinking = expression.copy()
        unblinking[list(BLINKS.values())] = face.expression[list(BLINKS.values())]
        now = face.vertices(expression, face.pose, rims)[:, :2].reshape(2, 2, -1, 2)
        opened = face.vertices(unblinking, pose, rims)[:, :2].reshape(2, 2, -1, 2)
        closing = [
            float(np.clip(1 - _Eye(*rim).opening / own.opening, 0, 1)) if own.opening >= SHUT else 0.0
            for own, rim in zip(self._own, now, strict=True)
        ]
        return [Lid(amount, upper) for amount, (upper, _) in zip(closing, opened, strict=True)]

    def texture(self, places: Array, lids: list[Lid]) -> Array:
        """Where skin vertices take their colour from, [V, 2]: `places`, but for lids that come down.

        The skin above the lashes is stretched over the eye; the lashes of the open eye stay out of it.
        """
        places = places.copy()
        for eye, lift, lid in zip(self._own, self._lifts, lids, strict=True):
            if lid.closing > 0:
                places += (lid.closing * eye.width * lift)[:, None] * eye.up
        return places

    def paint(self, picture: Array, vertices: Array, lids: list[Lid]) -> None:
        """Draw eyeballs, lids and lash lines into a picture float32 [S, S, 3], in place."""
        for number, (own, eye) in enumerate(zip(self._own, _eyes(self._face, vertices), strict=True)):
            if own.opening < SHUT:
                continue
            lid = lids[number]
            self._eyeball(picture, vertices, number, eye, min((1 - lid.closing) / GONE, 1.0))
            if lid.closing > 0:
                self._light_lid(picture, eye, lid, self._tones[number])
            if lid.closing > LINE_BEGINS:
                self._lash_line(picture, eye, own, self._darks[number], lid.closing)

    def _lift(self, number: int, eye: _Eye) -> Array:
        """How far above each vertex its colour is fetched as the eye shuts, in widths, [V]; below it for the lower lid.

        The inner sides of the lids, which an open eye hides, take the colour of the skin beyond the rim.
        """
        model, placed = self._face.model, self._face.placed[:, :2]
        middle = (eye.upper[0] + eye.upper[-1]) / 2
        along = (eye.upper[-1] - eye.upper[0]) / eye.width
        across, height = (placed - middle) @ along / eye.width, (placed - middle) @ eye.up / eye.width

        def above(rim: Array) -> Array:
            places, levels = (rim - middle) @ along / eye.width, (rim - middle) @ eye.up / eye.width
            order = np.argsort(places)
            return np.asarray(height - np.interp(across, places[order], levels[order]))

        to_upper, to_lower = model.lid_distances[number]
        over, under = above(eye.upper), -above(eye.lower)
        # The brow stays out of the lid, however near it is.
        brow = model.landmarks[list(BROWS[number])]
        brow = brow[np.argsort(across[brow])]
        reach = np.clip(TO_BROW * np.interp(across, across[brow], over[brow]), 0.1, LID)
        lashes = np.minimum(LASHES, FROM_BROW * reach)
        between = np.clip((0.5 - np.abs(across)) / 0.1, 0, 1)
        upper = lashes * np.clip(1 - over / reach, 0, 1) + between * np.clip(-over, 0, 0.5)
        lower = -(LOWER * np.clip(1 - under / LID, 0, 1) + between * np.clip(-under, 0, 0.5))
        lift = np.where(to_upper < to_lower, upper, lower)
        sides = np.clip((0.58 - np.abs(across)) / 0.2, 0, 1)
        return (lift * sides * model.is_skin * (np.minimum(to_upper, to_lower) < NEAR)).astype(np.float32)

    def _around(self, eye: _Eye) -> Window:
        return Window.around(eye.outline, 0.3 * eye.width, self._side)

    def _eyeball(self, picture: Array, vertices: Array, number: int, eye: _Eye, strength: float) -> None:
        """The ball with the photo's own iris, as far as the photo shows it, white beside it; shaded under the lid."""
        window = Window.around(eye.outline, 2, self._side)
        alpha = filled(eye.outline, window)
        depth, places = draw(
            window.local(vertices), self._face.placed[:, :2], self._face.model.eyeballs, window.height, window.width
        )
        here = places - self._around(self._own[number]).corner
        seen = sampled(self._seen[number], here, cv2.INTER_LINEAR)[..., None]
        own = sampled(self._picture, places)
        ball = self._whites[number] * self._shade(alpha, eye)[..., None] * (1 - seen) + own * seen
        alpha = (strength * alpha * (depth > EMPTY))[..., None]
        picture[window.place] += alpha * (ball - picture[window.place])

    def _shade(self, alpha: Array, eye: _Eye) -> Array:
        """Light on the eyeball [h, w]: less near the rims."""
        return 0.6 + 0.4 * np.clip(from_edge(alpha > 0.5) / (0.12 * eye.width), 0, 1)

    def _light_lid(self, picture: Array, eye: _Eye, lid: Lid, tone: Array) -> None:
        """A lid that comes down leaves the shadow of the brow: it is at least nearly as light as the skin below.

        So brows and deep shadows, which the narrow strip of skin above an eye may show, do not become streaks."""
        top = lid.open_rim + eye.up * (0.5 * LASHES * eye.width)
        window = Window.around(np.concatenate([eye.outline, top]), 0.3 * eye.width, self._side)
        inside = filled(np.concatenate([eye.upper, top[::-1]]).astype(np.float32), window)
        mask = cv2.GaussianBlur(inside, (0, 0), max(0.5, 0.08 * eye.width)) * min(lid.closing / FULL, 1.0)
        skin = picture[window.place]
        smooth = cv2.GaussianBlur(skin, (0, 0), max(0.5, 0.12 * eye.width))
        level = max(float(tone.mean()), 1.0)
        missing = np.maximum(LIGHT - smooth.mean(-1, keepdims=True) / level, 0)
        detail_weight = 1 - STREAKS * np.minimum(missing / SHADOW, 1)
        lit = smooth + missing * tone + detail_weight * (skin - smooth)
        skin += mask[..., None] * (lit - skin)

    def _lash_line(self, picture: Array, eye: _Eye, own: _Eye, dark: Array, closing: float) -> None:
        window = self._around(eye)
        times = np.linspace(0, 1, 33)
        knots = np.linspace(0, 1, len(eye.upper))
        line = np.stack([np.interp(times, knots, eye.upper[:, k]) for k in (0, 1)], -1).astype(np.float32)
        taper = np.sin(np.pi * (times[1:] + times[:-1]) / 2) ** 0.6
        thick = stroke(line, np.asarray(LINE * own.width * taper, np.float32), window)
        cover = cv2.GaussianBlur(thick, (0, 0), max(0.5, 0.012 * own.width))
        strength = LINE_ALPHA * (closing - LINE_BEGINS) / (1 - LINE_BEGINS)
        alpha = (strength * cover)[..., None]
        picture[window.place] += alpha * (dark - picture[window.place])


def _tone(picture: NDArray[np.uint8], eye: _Eye) -> Array:
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
