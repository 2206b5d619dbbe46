"""Move a fitted head to new coefficients: a photo-real target picture and its exact backward flow.

The mesh is drawn at the old and at the new coefficients; every target pixel on the mesh then knows where it was in the
photo. Outside the mesh the flow is extended harmonically. What the photo does not show is painted: the inside of
the mouth by `models.face3d.mouth`, the skin that an open eye folds away by `models.face3d.eyelids`. Pixels whose
picture cannot be trusted are reported, so that no loss turns them into a goal.

Known weak spots: hair is no mesh and follows the extension; the background next to the head bends with it; glasses move
with the skin; lighting and the shadow of the lashes do not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.face3d.correspondence import Drawing, flows, stretched, warp
from models.face3d.eyelids import paint_eyelids
from models.face3d.face import Face
from models.face3d.morphable import MorphableModel
from models.face3d.mouth import paint_mouth


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
        reverse_reliable: where the photo may.
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
    reverse_reliable: np.ndarray
    detail: np.ndarray
    reverse_detail: np.ndarray


def retarget(model: MorphableModel, photo: np.ndarray, source: Face, target: Face) -> Retargeted:
    """Show the head of `photo` (uint8 [size, size, 3], fitted by `source`) with the coefficients of `target`."""
    size = photo.shape[0]
    old, new = Drawing(model, source, size), Drawing(model, target, size)
    flow, seen, reverse_flow = flows(old, new, model)
    interior = new.interior(model)
    picture = warp(photo, stretched(flow, new.mesh & ~seen & ~interior))
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
        reverse_reliable=np.ones_like(seen),
        detail=new.detail(model),
        reverse_detail=old.detail(model),
    )
