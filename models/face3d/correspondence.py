"""Where each pixel of one picture of a head is in another: the fitted mesh, drawn twice, gives it exactly.

Both drawings have the same triangles; a pixel on the mesh knows its place on a triangle, and so its place in the other
picture. Outside the mesh the flow is completed smoothly, and the picture's border does not move.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.face3d.heads import Heads, MeshModel
from models.face3d.kernels import Kernels
from models.face3d.pixels import around, grid, nearest
from models.face3d.surface import Surface

OCCLUSION_TOLERANCE = 0.02  # of the picture's side: how far behind the nearest surface a point still counts as seen
SILHOUETTE_DEPTH = 0.03  # of the side: a rim whose origin lay deeper inside the old head must not drag the background
RIM = 9  # pixels across: mesh pixels that are this near to none of the mesh are its rim
DETAIL_REACH = 0.03  # of the side, around the rims of lips and lids
EXTENSION_STRIDE = 4  # flow is completed on a grid this much coarser


@dataclass(frozen=True)
class Correspondence:
    """B heads drawn at new and at old coefficients: entries [2 · B, …], the new drawings first.

    Attributes:
        surface: the drawings.
        flow: backward flow into the other drawing, float32 [2 · B, 2, S, S], pixels.
        seen: bool [2 · B, S, S], mesh pixels that the other drawing shows.
        interior: pixels that show the inside of the mouth.
        detail: the inside of the mouth and what is near the rims of lips and lids.
    """

    surface: Surface
    flow: Tensor
    seen: Tensor
    interior: Tensor
    detail: Tensor


def correspond(model: MeshModel, source: Heads, target: Heads, size: int) -> Correspondence:
    """Draw heads at old and new coefficients, in pictures of `size` pixels, and find each in the other."""
    vertices = torch.cat([model.project(target), model.project(source)])
    both = Surface.draw(model, vertices, size)
    flow, seen = flow_between(both, both.exchanged())
    interior = both.covered_by(model.interior)
    near_rims = around(vertices[:, model.rims], 2 * round(DETAIL_REACH * size) + 1, size)
    return Correspondence(both, flow, seen, interior, interior | near_rims)


def flow_between(here: Surface, there: Surface) -> tuple[Tensor, Tensor]:
    """Backward flow [B, 2, S, S] in pixels from `here` into `there`; what of `here` is seen there, bool [B, S, S]."""
    eyeballs = here.model.eyeballs
    position = here.carry(there.vertices)
    seen = here.mesh & (position[:, 2] > nearest(there.depth, position) - OCCLUSION_TOLERANCE * here.size)
    # A lid lies closer on its eyeball than that tolerance.
    seen &= ~here.covered_by(eyeballs) | nearest(there.covered_by(eyeballs), position)
    exact = (position[:, :2] - grid(here.size, position.device)) * here.mesh[:, None]
    completed = _completed(here.model.kernels, exact, _anchored(here, there, position, seen))
    return torch.where(here.mesh[:, None], exact, completed), seen


def stretched(kernels: Kernels, flow: Tensor, hidden: Tensor) -> Tensor:
    """A flow [B, 2, S, S] that shows something plausible where the photo shows nothing.

    Where the new picture shows what the old one hid (bool [B, S, S]), the exact flow leads to what lies in front, in
    pieces. What the neighbours show, stretched over the gap, is no truth either, but looks like a head.
    """
    if not hidden.any():
        return flow
    gap = hidden[:, None]
    return torch.where(gap, _completed(kernels, flow * ~gap, ~hidden), flow)


def _anchored(here: Surface, there: Surface, position: Tensor, seen: Tensor) -> Tensor:
    """Mesh pixels that the background goes along with.

    A rim pixel that came from deep inside the old head, or was hidden, is an occluding contour: the background behind
    it has nothing to do with the skin's motion and must not be dragged along.
    """
    kernels = here.model.kernels
    inside = nearest(kernels.deep(there.mesh, SILHOUETTE_DEPTH * here.size), position)
    return here.mesh & (kernels.erode(here.mesh, RIM) | (seen & ~inside))


def _completed(kernels: Kernels, flow: Tensor, known: Tensor) -> Tensor:
    """The known pixels' flow, continued over the others."""
    size, stride = flow.shape[-1], EXTENSION_STRIDE
    coarse, anchors = (value[..., stride // 2 :: stride, stride // 2 :: stride] for value in (flow, known))
    return F.interpolate(kernels.complete(coarse, anchors), (size, size), mode="bilinear", align_corners=False)
