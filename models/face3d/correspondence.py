"""Where each pixel of one picture of a head is in another: the fitted mesh, drawn twice, says it exactly.

Both drawings have the same triangles; a pixel on the mesh knows its place on a triangle, and so its place in the other
picture. Outside the mesh the flow is extended harmonically.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.face3d.face import Face
from models.face3d.morphable import MOUTH_INTERIOR, MorphableModel
from models.face3d.raster import extend_harmonically, interpolate, rasterise

OCCLUSION_TOLERANCE = 0.02  # of the picture's side: how far behind the nearest surface a point still counts as seen
SILHOUETTE_DEPTH = 0.03  # of the side: a rim whose origin lay deeper inside the old head must not drag the background
DETAIL_REACH = 0.03  # of the side, around the rims of lips and lids
EXTENSION_STRIDE = 4  # the harmonic extension is solved on a grid this much coarser


class Drawing:
    """One mesh drawn at one set of coefficients."""

    def __init__(self, model: MorphableModel, face: Face, size: int) -> None:
        self.vertices = model.project(model.expressed(face.person, face.expression), face.pose)
        self.depth, self.triangle, self.weights = rasterise(self.vertices, model.triangles, size)
        self.mesh = self.triangle >= 0
        self.size = size

    def interior(self, model: MorphableModel) -> np.ndarray:
        """Pixels that show the inside of the mouth, bool [size, size]."""
        return self.mesh & np.isin(model.part[self.triangle], MOUTH_INTERIOR)

    def detail(self, model: MorphableModel) -> np.ndarray:
        """The inside of the mouth and what is near the rims of lips and lids, bool [size, size]."""
        return self.interior(model) | _around(self.vertices[model.rims], self.size)

    def eyes(self, model: MorphableModel) -> np.ndarray:
        """Pixels that show an eyeball, bool [size, size]."""
        return self.mesh & model.eyeballs[self.triangle]

    def positions_in(self, other: Drawing, model: MorphableModel) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel's surface point is in the other drawing [size, size, 3], and whether it is seen there."""
        position = interpolate(other.vertices, model.triangles, self.triangle, self.weights)
        x, y = (np.clip(np.rint(position[..., k]).astype(np.int32), 0, self.size - 1) for k in (0, 1))
        seen = position[..., 2] > other.depth[y, x] - OCCLUSION_TOLERANCE * self.size
        # A lid lies closer on its eyeball than that tolerance.
        behind_lids = self.eyes(model) & ~other.eyes(model)[y, x]
        return position, seen & self.mesh & ~behind_lids


def flows(old: Drawing, new: Drawing, model: MorphableModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward flow from `new` into `old` [size, size, 2], what of `new` is seen in `old` [size, size], and the flow
    from `old` into `new`."""
    position, seen = new.positions_in(old, model)
    reverse_position, reverse_seen = old.positions_in(new, model)
    return _backward_flow(new, old, position, seen), seen, _backward_flow(old, new, reverse_position, reverse_seen)


def _backward_flow(here: Drawing, there: Drawing, position: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Flow from the pixels of `here` into `there`: exact on the mesh, extended harmonically outside."""
    size = here.size
    flow = np.where(here.mesh[..., None], position[..., :2] - _grid(size), 0).astype(np.float32)
    # A rim pixel that came from deep inside the old head, or was hidden, is an occluding contour: the background behind
    # it has nothing to do with the skin's motion and must not be dragged along.
    inside = cv2.distanceTransform(there.mesh.astype(np.uint8), cv2.DIST_L2, 3)
    origin = _sample(inside, position, cv2.INTER_NEAREST)
    rim = here.mesh & (cv2.erode(here.mesh.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0)
    anchored = here.mesh & ~(rim & (~seen | (origin > SILHOUETTE_DEPTH * size)))
    return np.where(here.mesh[..., None], flow, _extended(flow, anchored))


def stretched(flow: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """A flow that shows something plausible where the photo shows nothing.

    Where the new picture shows what the old one hid (bool [size, size]), the exact flow leads to what lies in front, in
    pieces. What the neighbours show, stretched over the gap, is no truth either, but looks like a head.
    """
    if not hidden.any():
        return flow
    return np.where(hidden[..., None], _extended(np.where(hidden[..., None], 0, flow), ~hidden), flow)


def _extended(flow: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The known pixels' flow, continued harmonically over the others."""
    size, stride = len(flow), EXTENSION_STRIDE
    coarse = flow[stride // 2 :: stride, stride // 2 :: stride].copy()
    extend_harmonically(coarse, known[stride // 2 :: stride, stride // 2 :: stride].copy(), 120)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)


def warp(picture: np.ndarray, flow: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Sample `picture` [size, size, …] at p + flow[p]; the border is repeated outside."""
    return _sample(picture, _grid(picture.shape[0]) + flow, interpolation)


def _grid(size: int) -> np.ndarray:
    """Every pixel's own position, float32 [size, size, 2], x first."""
    return np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1).astype(np.float32)


def _sample(picture: np.ndarray, position: np.ndarray, interpolation: int) -> np.ndarray:
    """Read `picture` at positions [size, size, ≥ 2] (x, y in pixels)."""
    x, y = (np.ascontiguousarray(position[..., k], np.float32) for k in (0, 1))
    return cv2.remap(picture, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)


def _around(points: np.ndarray, size: int) -> np.ndarray:
    """Pixels near any of the points [P, 3]."""
    mask = np.zeros((size, size), np.uint8)
    x, y = (np.clip(np.rint(points[:, k]).astype(np.int32), 0, size - 1) for k in (0, 1))
    mask[y, x] = 1
    reach = 2 * round(DETAIL_REACH * size) + 1
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0
