"""Flow between two drawings of the same meshes: exact on the mesh, completed by pull-push outside.

The rules are those of `models.face3d.correspondence`, whose harmonic extension pull-push stands in for.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from models.face3d.batched.pixels import dilate, disc, grid, nearest
from models.face3d.batched.pull_push import pull_push
from models.face3d.batched.splat import Surface
from models.face3d.correspondence import EXTENSION_STRIDE, OCCLUSION_TOLERANCE, SILHOUETTE_DEPTH

_RIM = 9  # pixels across: mesh pixels with none of the mesh this near are its rim


def flow_between(here: Surface, there: Surface, eyeballs: Tensor) -> tuple[Tensor, Tensor]:
    """Backward flow [B, 2, S, S] in pixels from `here` into `there`; what of `here` is seen there, bool [B, S, S].

    Args:
        eyeballs: which triangles are of an eyeball, bool [F].
    """
    position = here.carry(there.vertices)
    seen = here.mesh & (position[:, 2] > nearest(there.depth, position) - OCCLUSION_TOLERANCE * here.size)
    seen &= ~here.covered_by(eyeballs) | nearest(there.covered_by(eyeballs), position)
    exact = (position[:, :2] - grid(here.size, position.device)) * here.mesh[:, None]
    flow = torch.where(here.mesh[:, None], exact, _extended(exact, _anchored(here, there, position, seen)))
    return flow, seen


def stretched(flow: Tensor, hidden: Tensor) -> Tensor:
    """The flow [B, 2, S, S] with that of what the photos hid (bool [B, S, S]) continued from its surroundings."""
    gap = hidden[:, None]
    return torch.where(gap, _extended(flow * ~gap, ~hidden), flow)


def _anchored(here: Surface, there: Surface, position: Tensor, seen: Tensor) -> Tensor:
    """Mesh pixels that the background goes along with: not the rims that hid, or came from inside the other head."""
    depth = SILHOUETTE_DEPTH * here.size
    near_outside = dilate(~there.mesh, disc(depth, position.device))
    inside = ~nearest(near_outside, position)
    shrunk = -F.max_pool2d(-here.mesh[:, None].float(), _RIM, stride=1, padding=_RIM // 2)[:, 0] > 0
    return here.mesh & (shrunk | (seen & ~inside))


def _extended(flow: Tensor, anchored: Tensor) -> Tensor:
    """The flow of the anchored pixels, continued over the others; the picture's border does not move."""
    size, stride = flow.shape[-1], EXTENSION_STRIDE
    coarse, known = (value[..., stride // 2 :: stride, stride // 2 :: stride].clone() for value in (flow, anchored))
    for edge in (known[:, 0], known[:, -1], known[:, :, 0], known[:, :, -1]):
        edge.fill_(True)
    return F.interpolate(pull_push(coarse, known), (size, size), mode="bilinear", align_corners=False)
