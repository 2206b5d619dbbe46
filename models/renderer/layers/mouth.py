"""The layer of the mouth: teeth, gums, tongue and cavity inside the lips' inner rim, in the photo's own colours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from models.face3d.drawing import EMPTY, draw
from models.face3d.landmark_fit import FittedFace
from models.renderer.layers.masks import Window, filled, from_edge, sampled

FINEST, FINE = 3, 1536
"""The inside is drawn with up to so many times the pixels a side, and shrunk, since teeth have edges; with fewer in
crops so large that this makes no difference."""

BEGINS = 0.04
"""Change of the opening, in squared widths of the mouth, over which the layer comes in."""

ENAMEL = 1.25
"""Brightness of lit teeth against the skin's median, where a photo shows none; their tint is half the skin's."""

GUM, CAVITY = 0.8, 0.26
"""Brightness against the lips, whose colour they have: a grey photo gets a grey mouth."""

FADING = 3.0
"""Centimetres behind the lips in which light falls to a third; on teeth it goes twice as far."""

FLOOR = 0.6
"""Light that reaches the depth of the cavity."""

RIM_SHADE, RIM_REACH = 0.5, 0.55
"""Light at the rim of the lips, and the centimetres over which it rises."""

HARMONY, SCALE = 0.25, 0.12
"""How much of the networks' broad light and colour the inside takes, and over how much of the mouth's width: they have
seen real mouths, and know no detail."""

RIM_SMOOTHING = 1.5
"""Vertices over which the rim of the lips is smoothed."""

Array = NDArray[np.float32]


class MouthLayer:
    """The mouth of one source.

    Args:
        picture: the crop, uint8 [S, S, 3]. face: fitted to it.
        softness: blur, in pixels of the crop, that the photo itself has there.
    """

    def __init__(self, picture: NDArray[np.uint8], face: FittedFace, skin: Array, softness: float) -> None:
        self._picture, self._face, self._side, self._softness = picture, face, len(picture), softness
        model, placed = face.model, face.placed
        window = Window.around(placed[model.mouth_rim, :2], 4, self._side)
        inside = filled(self._rim(placed), window)
        distance = cv2.distanceTransform((inside > 0.6).astype(np.uint8), cv2.DIST_L2, 3)
        self._seen = np.clip((distance - 0.5) / max(1.5, 0.004 * self._side), 0, 1).astype(np.float32)
        self._opening, self._window = self._opens(placed), window
        self._finer = int(np.clip(np.ceil(FINE / self._side), 1, FINEST))
        self._depth = draw(
            window.local(placed), np.zeros((len(placed), 1), np.float32), model.interior, window.height, window.width
        )[0]
        # How far each vertex faces the viewer, as the photo shows it.
        self._facing = np.abs((model.normals @ face.pose.rotation.T.astype(np.float32))[:, 2])
        self._enamel = _enamel(picture[window.place][inside > 0.9].astype(np.float32), self._opening, skin)
        self._lips = _lips(picture, placed[model.mouth_rim, :2], skin)

    def paint(self, picture: Array, vertices: Array) -> None:
        """Draw the inside into a picture float32 [S, S, 3], in place; only inside the rim of the lips."""
        change = abs(self._opens(vertices) - self._opening) / BEGINS
        rim = self._rim(vertices)
        window = Window.around(rim, 3, self._side)
        if change == 0:
            return
        alpha = filled(rim, window)
        inside = self._inside(vertices, window, alpha)
        inside += HARMONY * _broad(picture[window.place] - inside, alpha, SCALE * float(np.ptp(rim[:, 0])))
        alpha = (cv2.GaussianBlur(alpha, (0, 0), 0.5 + self._softness / 2) * min(change, 1.0))[..., None]
        picture[window.place] += alpha * (inside - picture[window.place])

    def _rim(self, vertices: Array) -> Array:
        """The rim of the lips [R, 2], without the small steps of the mesh."""
        rim = vertices[self._face.model.mouth_rim, :2]
        return np.asarray(gaussian_filter1d(rim, RIM_SMOOTHING, axis=0, mode="wrap"))

    def _opens(self, vertices: Array) -> float:
        """Area inside the rim over the square of its width."""
        rim = self._rim(vertices)
        width = float(np.ptp(rim, 0).max())
        return float(cv2.contourArea(np.ascontiguousarray(rim))) / max(width, 1e-3) ** 2

    def _inside(self, vertices: Array, window: Window, alpha: Array) -> Array:
        """What is inside the lips, float32 [h, w, 3]: the photo's own where it is seen there, else painted."""
        face, model = self._face, self._face.model
        attributes = np.column_stack([face.placed, vertices[:, 2], self._facing, model.is_tooth]).astype(np.float32)
        finer = self._finer
        shape = window.height * finer, window.width * finer
        depth, drawn = draw(window.local(vertices, finer), attributes, model.interior, *shape)
        is_drawn, tooth = depth > EMPTY, drawn[..., 5] > 0.5
        lips = _plane(window.local(vertices[model.mouth_rim], finer), shape)
        behind = np.clip(np.where(is_drawn, lips - drawn[..., 3], np.inf) / face.pose.scale, 0, 6)
        fading = np.exp(-behind / (FADING * np.where(tooth, 2, 1)))
        colour = np.where(
            tooth[..., None], self._enamel, np.where(is_drawn[..., None], self._lips * GUM, self._lips * CAVITY)
        )
        light = fading * (0.55 + 0.45 * drawn[..., 4]) * self._rim_light(alpha, shape)
        painted = np.maximum(colour * light[..., None], self._lips * CAVITY * FLOOR).astype(np.float32)
        seen = self._is_seen(drawn[..., :3], is_drawn)[..., None]
        own = sampled(self._picture, drawn[..., :2])
        inside = cv2.GaussianBlur(painted * (1 - seen) + own * seen, (0, 0), finer * max(0.35, self._softness))
        return cv2.resize(inside, (window.width, window.height), interpolation=cv2.INTER_AREA)

    def _is_seen(self, places: Array, is_drawn: NDArray[np.bool_]) -> Array:
        """How surely the photo shows the surface points [h, w, 3], in pixels and depth of the crop: [h, w]."""
        here = places[..., :2] - self._window.corner
        seen = sampled(self._seen, here, cv2.INTER_LINEAR) * is_drawn
        nearest = sampled(self._depth, here, cv2.INTER_NEAREST)
        return np.asarray(seen * (places[..., 2] > nearest - 0.25 * self._face.pose.scale), np.float32)

    def _rim_light(self, alpha: Array, shape: tuple[int, int]) -> Array:
        """Light that the lips leave, [h, w]: less near their rim."""
        centimetres = from_edge(alpha > 0.5) / self._face.pose.scale
        light = RIM_SHADE + (1 - RIM_SHADE) * np.clip(centimetres / RIM_REACH, 0, 1)
        return cv2.resize(light.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)


def _broad(difference: Array, alpha: Array, reach: float) -> Array:
    """A difference [h, w, 3] inside the lips alone, smoothed over a reach in pixels."""
    spread = cv2.GaussianBlur(np.dstack([difference * alpha[..., None], alpha]), (0, 0), max(reach, 0.5))
    return np.asarray(spread[..., :3] / (spread[..., 3:] + 1e-3), np.float32)


def _plane(rim: Array, shape: tuple[int, int]) -> Array:
    """Depth of the plane through the rim of the lips [R, 3] at every pixel, [h, w]; less by the lips' own roundness."""
    columns = np.column_stack([rim[:, :2], np.ones(len(rim))])
    slope, *_ = np.linalg.lstsq(columns, rim[:, 2], rcond=None)
    rows, across = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(slope[0] * across + slope[1] * rows + slope[2], np.float32)


def _enamel(inside: Array, opening: float, skin: Array) -> Array:
    """Colour of the teeth: that of the photo's own, where it shows some."""
    if opening > 0.04 and len(inside) > 40:
        level = inside.mean(1)
        bright = np.median(inside[level >= np.percentile(level, 65)], 0)
        if bright.mean() > 0.85 * skin.mean() and np.ptp(bright) < np.ptp(skin) + 12:
            return bright.astype(np.float32)
    return np.minimum(ENAMEL * (skin.mean() + (skin - skin.mean()) / 2), 235).astype(np.float32)


def _lips(picture: NDArray[np.uint8], rim: Array, skin: Array) -> Array:
    """Colour of the lips: the picture just outside their inner rim [R, 2]."""
    centre = rim.mean(0)
    around = centre + (rim - centre) * (1.05, 1.0) + np.sign(rim - centre) * (0, 0.03 * np.ptp(rim[:, 0]))
    columns, rows = np.clip(np.rint(around).astype(int), 0, len(picture) - 1).T
    colour = np.median(picture[rows, columns].astype(np.float32), 0)
    return np.clip(colour, 0.45 * skin, 1.15 * skin).astype(np.float32)
