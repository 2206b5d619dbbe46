"""Move fitted heads to new coefficients: photo-real target pictures and their exact backward flow.

The mesh is drawn at the old and at the new coefficients; every target pixel on the mesh then knows where it was in the
photo. Outside the mesh the flow is completed smoothly. What the photo does not show is painted: the inside of
the mouth by `models.face3d.mouth`, the skin that an open eye folds away by `models.face3d.eyelids`. Pixels whose
picture cannot be trusted are reported, so that no loss turns them into a goal.

The rules are written once, for batches on any device. Their steps over pixels are kernels, which a core and a GPU have
each their own of (`models.face3d.kernels`).

Known weak spots: hair is no mesh and follows the completed flow; the background next to the head bends with it; glasses
move with the skin; lighting and the shadow of the lashes do not change.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from models.face3d.correspondence import correspond, stretched
from models.face3d.eyelids import paint_eyelids
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.mouth import paint_mouths
from models.face3d.pixels import grid, nearest


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


@dataclass(frozen=True)
class RetargetedBatch:
    """B pairs of pictures, S pixels square; the fields mean what they mean in `Retargeted`, channels come first.

    Attributes:
        picture: uint8 [B, 3, S, S].
        flow, reverse_flow: float32 [B, 2, S, S], pixels.
        mesh, reverse_mesh, reliable, reverse_reliable, detail, reverse_detail: bool [B, S, S].
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

    def pair(self, row: int) -> Retargeted:
        """One pair of the batch, as arrays with channels last."""
        values = {field.name: getattr(self, field.name)[row].cpu() for field in fields(self)}
        return Retargeted(
            **{name: (value.movedim(0, -1) if value.dim() == 3 else value).numpy() for name, value in values.items()}
        )


def retarget(model: MeshModel, photo: np.ndarray, source: Head, target: Head) -> Retargeted:
    """Show the head of `photo` (uint8 [size, size, 3], fitted by `source`) with the coefficients of `target`."""
    device = model.mean.device
    photos = torch.from_numpy(photo).permute(2, 0, 1)[None].to(device)
    return retarget_batch(model, photos, Heads.stack([source], device), Heads.stack([target], device)).pair(0)


def retarget_batch(model: MeshModel, photo: Tensor, source: Heads, target: Heads) -> RetargetedBatch:
    """Show the heads of photos (uint8 [B, 3, S, S], fitted by `source`) with the coefficients of `target`.

    No step of the rules loops over the batch.
    """
    with torch.no_grad(), torch.autocast(photo.device.type, enabled=False):
        return _retargeted(model, photo, source, target)


def _retargeted(model: MeshModel, photo: Tensor, source: Heads, target: Heads) -> RetargetedBatch:
    count, size = len(photo), photo.shape[-1]
    found = correspond(model, source, target, size)
    flow, mesh, seen, interior = found.flow, found.surface.mesh, found.seen, found.interior
    place, hidden = grid(size, photo.device), (mesh & ~seen)[:count]
    visible = stretched(model.kernels, flow[:count], hidden & ~interior[:count])
    picture = model.kernels.sample(photo, place + visible)
    picture = paint_mouths(found.surface.first(count), picture, hidden & interior[:count], photo, mesh[count:])
    picture = paint_eyelids(model, photo, picture, source, target)
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
        detail=found.detail[:count],
        reverse_detail=found.detail[count:],
    )
