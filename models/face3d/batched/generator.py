"""`models.face3d.retarget` for a batch of photos, on any device: target pictures and their exact backward flow.

B heads are drawn at their old and new coefficients in one pass; no step loops over the batch. What differs from the
numpy version is said in `flow` (extension outside the mesh) and `eyelids` (fill of a lid); its known weak spots stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.face3d.batched.eyelids import paint_lids
from models.face3d.batched.flow import flow_between, stretched
from models.face3d.batched.heads import Heads, MeshModel
from models.face3d.batched.mouth import paint_mouths
from models.face3d.batched.pixels import around, grid, nearest, sample
from models.face3d.batched.splat import splat
from models.face3d.correspondence import DETAIL_REACH


@dataclass(frozen=True)
class RetargetedBatch:
    """B pairs of pictures, S pixels square, with the correspondence between them.

    The fields mean what they mean in `models.face3d.retarget.Retargeted`; channels come first.

    Attributes:
        picture: uint8 [B, 3, S, S], the heads at the new coefficients.
        flow: float32 [B, 2, S, S], pixels: target pixel p was at p + flow[p] in the photo. reverse_flow: back.
        mesh, reverse_mesh: bool [B, S, S], where the two flows are exact.
        reliable, reverse_reliable: bool [B, S, S], where `picture` and the photo may serve as training targets.
        detail, reverse_detail: bool [B, S, S], inside of the mouth and surroundings of lips and lids.
    """

    picture: Tensor
    flow: Tensor
    mesh: Tensor
    reverse_flow: Tensor
    reverse_mesh: Tensor
    reliable: Tensor
    reverse_reliable: Tensor
    detail: Tensor
    reverse_detail: Tensor


def retarget_batch(model: MeshModel, photo: Tensor, source: Heads, target: Heads) -> RetargetedBatch:
    """Show the heads of photos (uint8 [B, 3, S, S], fitted by `source`) with the coefficients of `target`."""
    with torch.no_grad(), torch.autocast(photo.device.type, enabled=False):
        return _retargeted(model, photo, source, target)


def _retargeted(model: MeshModel, photo: Tensor, source: Heads, target: Heads) -> RetargetedBatch:
    count, size = len(photo), photo.shape[-1]
    vertices = torch.cat([model.project(target), model.project(source)])
    both = splat(vertices, model.triangles, size)  # the new heads, then the old ones
    new, mesh = both.first(count), both.mesh
    flow, seen = flow_between(both, both.exchanged(), model.eyeballs)
    interior = both.covered_by(model.interior)
    detail = interior | around(vertices[:, model.rims], 2 * round(DETAIL_REACH * size) + 1, size)
    place, hidden = grid(size, photo.device), (mesh & ~seen)[:count]
    picture = sample(photo.float(), place + stretched(flow[:count], hidden & ~interior[:count])).round()
    picture = paint_mouths(model, picture, new, hidden & interior[:count], photo, mesh[count:])
    picture = paint_lids(model, photo, picture, source, target)
    # Background that would repeat a piece of the head.
    doubled = ~mesh[:count] & nearest(mesh[count:], place + flow[:count])
    return RetargetedBatch(
        picture=picture.round().clamp(0, 255).to(torch.uint8),
        flow=flow[:count],
        mesh=mesh[:count],
        reverse_flow=flow[count:],
        reverse_mesh=mesh[count:],
        reliable=((seen | interior | ~mesh)[:count]) & ~doubled,
        reverse_reliable=torch.ones_like(doubled),
        detail=detail[:count],
        reverse_detail=detail[count:],
    )
