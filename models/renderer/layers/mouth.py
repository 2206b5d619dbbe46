"""The layer of the mouth: teeth, gums, tongue and cavity inside the lips' inner rim, in the photo's own colours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from models.face3d.drawing import EMPTY, draw
from models.face3d.face_model import INNER_LIPS
from models.face3d.landmark_fit import FittedFace
from models.face3d.pose import HeadPose
from models.renderer.layers.masks import Window, filled, from_edge, sampled, spread, to_nearest

FINEST, FINE = 3, 1536
"""The inside is drawn with up to so many times the pixels a side, and shrunk, since teeth have edges; with fewer in
crops so large that this makes no difference."""

BEGINS = 0.04
"""Change of the opening, in squared widths of the mouth, over which the layer comes in."""

ENAMEL = 1.25
"""Brightness of lit teeth against the skin's median, where a photo shows none; their tint is half the skin's."""

FLESH, CAVITY = 0.9, 0.16
"""Brightness of tongue and gums, and of the dark behind them, against the lips, whose colour they have: a grey photo
gets a grey mouth."""

FADING, TEETH_FADING = (2.0, 1.5), (0.9, 1.0)
"""Centimetres behind the lips from which on light falls, and over how many to a third. On teeth it falls soon: back
teeth are lost in the dark as they are in photos."""

NO_TOOTH = 0.7
"""Brightness against the teeth from which on what a photo shows in the mesh's tongue or gums is a tooth."""

FLUSH = 1.4
"""How much redder flesh is than lips."""

TURNED, DIFFUSE = 0.35, 0.7
"""Light on what is turned away from the viewer, and on what lies deep."""

RIM_SHADE, RIM_REACH = 0.65, 0.4
"""Light at the rim of the lips, and the centimetres over which it rises."""

LIP_SHADE, LIP_REACH = 0.25, 0.12
"""How much darker lips that open are at their inner rim, and over how many centimetres."""

OTHER_JAW = 0.3
"""Centimetres around the upper teeth in which a photo may show them where the mesh has lower ones."""

EDGE = 0.7
"""How far the inside's soft edge lies within the lips: 0 for outside of their rim, 1 for inside."""

HARMONY, SCALE = 0.25, 0.12
"""How much of the networks' broad light and colour the inside takes, and over how much of the mouth's width: they have
seen real mouths, and know no detail."""

RIM_SMOOTHING = 3.0
"""Vertices over which the rim of the lips is smoothed."""

OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
"""Landmarks around the outer edge of the lips, each beside that of `INNER_LIPS` at its place."""

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
        inside = filled(self.rim(placed), window)
        distance = cv2.distanceTransform((inside > 0.6).astype(np.uint8), cv2.DIST_L2, 3)
        self._seen = np.clip((distance - 0.5) / max(1.5, 0.004 * self._side), 0, 1).astype(np.float32)
        self._opening, self._window = self._opens(placed), window
        self._finer = int(np.clip(np.ceil(FINE / self._side), 1, FINEST))
        jaws = model.jaw.astype(np.float32)[:, None]
        self._depth, drawn = draw(window.local(placed), jaws, model.interior, window.height, window.width)
        self._apart = (to_nearest((drawn[..., 0] > 0.5) & (drawn[..., 0] < 1.5)) > OTHER_JAW * face.pose.scale).astype(
            np.float32
        )
        self._enamel = _enamel(picture[window.place][inside > 0.9].astype(np.float32), self._opening, skin)
        rings = [placed[model.landmarks[list(ring)], :2] for ring in (INNER_LIPS, OUTER_LIPS)]
        self._lips = _lips(picture, np.mean(rings, 0), skin)
        grey = self._lips.mean()
        self._flesh = FLESH * np.clip(grey + FLUSH * (self._lips - grey), 0.3 * grey, 255)

    def paint(self, picture: Array, vertices: Array, pose: HeadPose) -> None:
        """Draw the inside into a picture float32 [S, S, 3], in place; only inside the rim of the lips, which it shades.

        Args:
            vertices: [V, 3] in its pixels. pose: of the head.
        """
        change = abs(self._opens(vertices) - self._opening) / BEGINS
        rim = self.rim(vertices)
        window = Window.around(rim, 3 + 3 * LIP_REACH * pose.scale, self._side)
        if change == 0:
            return
        cover = filled(rim, window)
        inside = self._inside(vertices, window, cover, pose)
        inside += HARMONY * _broad(picture[window.place] - inside, cover, SCALE * float(np.ptp(rim[:, 0])))
        soft = cv2.GaussianBlur(cover, (0, 0), 0.5 + self._softness / 2)
        opened = np.clip((self._opens(vertices) - self._opening) / BEGINS, 0, 1)
        near = np.exp(-to_nearest(cover > 0.5) / (LIP_REACH * pose.scale)) * (1 - cover)
        picture[window.place] *= (1 - LIP_SHADE * opened * near)[..., None]
        # Soft towards the inside alone: teeth end at the lips.
        alpha = (np.minimum(np.clip(2 * soft - EDGE, 0, 1), cover) * min(change, 1.0))[..., None]
        picture[window.place] += alpha * (inside - picture[window.place])

    def rim(self, vertices: Array) -> Array:
        """The rim of the lips [R, 2], without the small steps of the mesh."""
        rim = vertices[self._face.model.mouth_rim, :2]
        return np.asarray(gaussian_filter1d(rim, RIM_SMOOTHING, axis=0, mode="wrap"))

    def _opens(self, vertices: Array) -> float:
        """Area inside the rim over the square of its width."""
        rim = self.rim(vertices)
        width = float(np.ptp(rim, 0).max())
        return float(cv2.contourArea(np.ascontiguousarray(rim))) / max(width, 1e-3) ** 2

    def _inside(self, vertices: Array, window: Window, cover: Array, pose: HeadPose) -> Array:
        """What is inside the lips, float32 [h, w, 3]: the photo's own where it is seen there, else painted."""
        face, model, finer = self._face, self._face.model, self._finer
        facing = np.abs((model.normals @ pose.rotation.T.astype(np.float32))[:, 2])
        attributes = np.column_stack([face.placed, facing, model.jaw]).astype(np.float32)
        shape = window.height * finer, window.width * finer
        depth, drawn = draw(window.local(vertices, finer), attributes, model.interior, *shape)
        is_drawn, tooth = depth > EMPTY, drawn[..., 4] > 0.5
        lips = _plane(window.local(vertices[model.mouth_rim], finer), shape)
        behind = np.where(is_drawn, lips - depth, np.inf) / pose.scale
        flesh, enamel = (np.exp(-np.clip((behind - begin) / reach, 0, 9)) for begin, reach in (FADING, TEETH_FADING))
        # What lies deep is lit from all sides alike.
        shade = DIFFUSE + enamel * (TURNED + (1 - TURNED) * drawn[..., 3] - DIFFUSE)
        light = shade * self._rim_light(cover, shape, pose)
        dark = self._lips * CAVITY
        painted = dark + (light * flesh)[..., None] * (self._flesh - dark)
        painted += (tooth * enamel)[..., None] * (light[..., None] * self._enamel - painted)
        inside = painted.astype(np.float32)
        seen = self._is_seen(drawn[..., :3], is_drawn, tooth & (drawn[..., 4] < 1.5))
        if seen.any():
            own = sampled(self._picture, drawn[..., :2])
            seen *= tooth | (own.mean(-1) < NO_TOOTH * self._enamel.mean())
            inside += seen[..., None] * (own - inside)
        inside = cv2.GaussianBlur(inside, (0, 0), finer * max(0.35, self._softness))
        return cv2.resize(inside, (window.width, window.height), interpolation=cv2.INTER_AREA)

    def _is_seen(self, places: Array, is_drawn: NDArray[np.bool_], upper: NDArray[np.bool_]) -> Array:
        """How surely the photo shows the surface points [h, w, 3], in pixels and depth of the crop: [h, w].

        Args:
            upper: which are of upper teeth. Near those the photo may show them where the mesh has something else.
        """
        here = places[..., :2] - self._window.corner
        seen = sampled(self._seen, here, cv2.INTER_LINEAR) * is_drawn
        nearest = sampled(self._depth, here, cv2.INTER_NEAREST)
        apart = np.where(upper, 1, sampled(self._apart, here, cv2.INTER_LINEAR))
        return np.asarray(seen * apart * (places[..., 2] > nearest - 0.25 * self._face.pose.scale), np.float32)

    def _rim_light(self, cover: Array, shape: tuple[int, int], pose: HeadPose) -> Array:
        """Light that the lips leave, [h, w]: less near their rim."""
        centimetres = from_edge(cover > 0.5) / pose.scale
        light = RIM_SHADE + (1 - RIM_SHADE) * np.clip(centimetres / RIM_REACH, 0, 1)
        return cv2.resize(light.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)


def _broad(difference: Array, alpha: Array, reach: float) -> Array:
    """A difference [h, w, 3] inside the lips alone, smoothed over a reach in pixels."""
    smooth = spread(np.dstack([difference * alpha[..., None], alpha]), reach)
    return np.asarray(smooth[..., :3] / (smooth[..., 3:] + 1e-3), np.float32)


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


def _lips(picture: NDArray[np.uint8], places: Array, skin: Array) -> Array:
    """Colour of the lips at the middle of their red [P, 2]."""
    columns, rows = np.clip(np.rint(places).astype(int), 0, len(picture) - 1).T
    colour = np.median(picture[rows, columns].astype(np.float32), 0)
    return np.clip(colour, 0.45 * skin, 1.15 * skin).astype(np.float32)
