"""Move a fitted head to new coefficients: a photo-real target picture and its exact backward flow.

The mesh is drawn at the old and at the new coefficients; every target pixel on the mesh then knows where it was in the
photo. Outside the mesh the flow is extended harmonically. What the photo does not show is painted: the inside of
the mouth by `models.training.mouth`, the skin that an open eye folds away by `models.training.eyelids`. Pixels whose
picture cannot be trusted are reported, so that no loss turns them into a goal.

Known weak spots: hair is no mesh and follows the extension; the background next to the head bends with it; glasses move
with the skin; lighting and the shadow of the lashes do not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.training.eyelids import paint_eyelids
from models.training.face import Face
from models.training.morphable import MOUTH_INTERIOR, MorphableModel
from models.training.mouth import paint_mouth
from models.training.raster import extend_harmonically, interpolate, rasterise

OCCLUSION_TOLERANCE = 0.02  # of the picture's side: how far behind the nearest surface a point still counts as seen
SILHOUETTE_DEPTH = 0.03  # of the side: a rim whose origin lay deeper inside the old head must not drag the background
DETAIL_REACH = 0.03  # of the side, around the rims of lips and lids
EXTENSION_STRIDE = 4  # the harmonic extension is solved on a grid this much coarser


@dataclass(frozen=True)
class Retargeted:
    """Two pictures of one head, `size` pixels square, with the exact correspondence between them.

    Attributes:
        picture: the head at the new coefficients, uint8 [size, size, 3].
        flow: backward flow, float32 [size, size, 2] in pixels: target pixel p was at p + flow[p] in the photo.
        mesh: bool [size, size], target pixels on the mesh (where `flow` is exact).
        reverse_flow: the same from the photo's pixels into `picture`.
        reverse_mesh: photo pixels on the mesh.
        reliable: bool [size, size], where `picture` may serve as a training target.
        detail: bool [size, size], the mouth's inside and around the lips and lids of `picture`: small, what people look
            at, and what no warp of the photo can show.
        reverse_detail: the same in the photo.
    """

    picture: np.ndarray
    flow: np.ndarray
    mesh: np.ndarray
    reverse_flow: np.ndarray
    reverse_mesh: np.ndarray
    reliable: np.ndarray
    detail: np.ndarray
    reverse_detail: np.ndarray


class _Drawing:
    """One mesh drawn at one set of coefficients."""

    def __init__(self, model: MorphableModel, face: Face, size: int) -> None:
        self.vertices = model.project(model.expressed(face.person, face.expression), face.pose)
        self.depth, self.triangle, self.weights = rasterise(self.vertices, model.triangles, size)
        self.mesh = self.triangle >= 0
        self.size = size

    def interior(self, model: MorphableModel) -> np.ndarray:
        """Pixels that show the inside of the mouth, bool [size, size]."""
        return self.mesh & np.isin(model.part[self.triangle], MOUTH_INTERIOR)

    def positions_in(self, other: _Drawing, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel's surface point is in the other drawing [size, size, 3], and whether it is seen there."""
        position = interpolate(other.vertices, triangles, self.triangle, self.weights)
        x, y = (np.clip(np.rint(position[..., k]).astype(np.int32), 0, self.size - 1) for k in (0, 1))
        seen = position[..., 2] > other.depth[y, x] - OCCLUSION_TOLERANCE * self.size
        return position, seen & self.mesh


def _backward_flow(here: _Drawing, there: _Drawing, position: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Flow from the pixels of `here` into `there`: exact on the mesh, extended harmonically outside."""
    size, stride = here.size, EXTENSION_STRIDE
    flow = np.where(here.mesh[..., None], position[..., :2] - _grid(size), 0).astype(np.float32)
    # A rim pixel that came from deep inside the old head, or was hidden, is an occluding contour: the background behind
    # it has nothing to do with the skin's motion and must not be dragged along.
    inside = cv2.distanceTransform(there.mesh.astype(np.uint8), cv2.DIST_L2, 3)
    origin = _sample(inside, position, cv2.INTER_NEAREST)
    rim = here.mesh & (cv2.erode(here.mesh.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0)
    anchored = here.mesh & ~(rim & (~seen | (origin > SILHOUETTE_DEPTH * size)))
    coarse = flow[stride // 2 :: stride, stride // 2 :: stride].copy()
    known = anchored[stride // 2 :: stride, stride // 2 :: stride].copy()
    extend_harmonically(coarse, known, 120)
    extended = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.where(here.mesh[..., None], flow, extended)


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


def retarget(model: MorphableModel, photo: np.ndarray, source: Face, target: Face) -> Retargeted:
    """Show the head of `photo` (uint8 [size, size, 3], fitted by `source`) with the coefficients of `target`."""
    size = photo.shape[0]
    old, new = _Drawing(model, source, size), _Drawing(model, target, size)
    position, seen = new.positions_in(old, model.triangles)
    flow = _backward_flow(new, old, position, seen)
    reverse_position, reverse_seen = old.positions_in(new, model.triangles)
    reverse_flow = _backward_flow(old, new, reverse_position, reverse_seen)
    picture = warp(photo, flow)
    interior = new.interior(model)
    hidden = interior & ~seen
    if hidden.any():
        picture = paint_mouth(
            model, picture, new.vertices, new.triangle, new.weights, new.depth, hidden, photo[old.mesh]
        )
    picture = paint_eyelids(model, photo, picture, source, target)
    # Background that would repeat a piece of the head.
    doubled = ~new.mesh & (warp(old.mesh.astype(np.uint8), flow, cv2.INTER_NEAREST) > 0)
    return Retargeted(
        picture=picture,
        flow=flow,
        mesh=new.mesh,
        reverse_flow=reverse_flow,
        reverse_mesh=old.mesh,
        reliable=(seen | interior | ~new.mesh) & ~doubled,
        detail=interior | _around(new.vertices[model.rims], size),
        reverse_detail=old.interior(model) | _around(old.vertices[model.rims], size),
    )


def _around(points: np.ndarray, size: int) -> np.ndarray:
    """Pixels near any of the points [P, 3]."""
    mask = np.zeros((size, size), np.uint8)
    x, y = (np.clip(np.rint(points[:, k]).astype(np.int32), 0, size - 1) for k in (0, 1))
    mask[y, x] = 1
    reach = 2 * round(DETAIL_REACH * size) + 1
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0
