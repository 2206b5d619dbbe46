"""Paint what photos do not show of the mouth, for a batch: colours and shading of `models.face3d.mouth`."""

from __future__ import annotations

import torch
from torch import Tensor

from models.face3d import mouth
from models.face3d.batched.heads import MeshModel
from models.face3d.batched.pixels import blur, percentile
from models.face3d.batched.splat import Surface


def paint_mouths(
    model: MeshModel, picture: Tensor, surface: Surface, hidden: Tensor, photo: Tensor, skin: Tensor
) -> Tensor:
    """Return `picture` (float [B, 3, S, S], levels) with the `hidden` pixels (bool [B, S, S]) painted.

    Args:
        surface: the target meshes as drawn.
        photo: uint8 [B, 3, S, S], whose `skin` pixels (bool [B, S, S]) set brightness and tint.
    """
    light = _light(model, surface, hidden) * _brightness(photo, skin)[:, None, None]
    painted = (_colours(model, surface, photo, skin) * light[:, None]).clamp(0, 255)
    covered = hidden[:, None]
    # The blur stands for the antialiasing that a z-buffer lacks; outside the hidden part the picture itself counts.
    painted = blur(torch.where(covered, painted, picture), 0.7)
    alpha = blur(covered.float(), 0.8)
    alpha = torch.where(covered, alpha.clamp(min=0.5), alpha)
    return picture + alpha * (painted - picture)


def _colours(model: MeshModel, surface: Surface, photo: Tensor, skin: Tensor) -> Tensor:
    """Teeth, gums or socket at every pixel, as colourful as the skin, [B, 3, S, S]."""
    table = torch.from_numpy(mouth.SOCKET_COLOUR).to(photo.device).repeat(len(model.triangles), 1)
    table[model.teeth] = torch.from_numpy(mouth.TEETH_COLOUR).to(photo.device)
    table[model.gums] = torch.from_numpy(mouth.GUMS_COLOUR).to(photo.device)
    colour = table[surface.triangle.clamp(min=0)].movedim(-1, 1)
    mean = (photo * skin[:, None]).sum((2, 3)) / skin.sum((1, 2)).clamp(min=1)[:, None]
    tint = ((mean.amax(1) - mean.amin(1)) / mouth.COLOURFUL).clamp(max=1)[:, None, None, None]
    hue = (mean / mean.mean(1, keepdim=True).clamp(min=1))[..., None, None]
    return torch.lerp(colour.mean(1, keepdim=True) * hue, colour, tint)


def _brightness(photo: Tensor, skin: Tensor) -> Tensor:
    """Median level of the skin as a share of the typical one, [B]."""
    levels = torch.zeros(len(photo), 256, device=photo.device)
    levels.scatter_add_(1, photo.flatten(1).long(), skin[:, None].expand_as(photo).flatten(1).float())
    median = (2 * levels.cumsum(1) < levels.sum(1, keepdim=True)).sum(1)
    return (median / mouth.TYPICAL_SKIN).clamp(0.35, 1.25)


def _light(model: MeshModel, surface: Surface, hidden: Tensor) -> Tensor:
    """Share of light that reaches each pixel, [B, S, S]: less the deeper behind the lips and the more turned away."""
    normal = surface.carry(_vertex_normals(surface.vertices, model.triangles[model.interior]))
    facing = normal[:, 2].abs() / (normal.norm(dim=1) + 1e-9)
    lips = percentile(surface.depth.flatten(1), hidden.flatten(1), 98)[:, None, None]
    near = 1 - (lips - surface.depth) / (mouth.DARKENING * surface.size)
    return near.clamp(mouth.FLOOR, 1) * (0.45 + 0.55 * facing)


def _vertex_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals [B, V, 3] of the vertices of some triangles [M, 3]; zero elsewhere."""
    a, b, c = (vertices[:, triangles[:, k]] for k in range(3))
    face_normal = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(vertices)
    for k in range(3):
        normals.index_add_(1, triangles[:, k], face_normal)
    return normals / (normals.norm(dim=-1, keepdim=True) + 1e-9)
