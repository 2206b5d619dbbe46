"""Paint the part of the mouth that a photo does not show, from the 3DMM's own teeth, gums, tongue and socket.

Colours are those of a typical mouth, scaled to the brightness and tint of the photo's skin; smooth vertex normals shade
them and depth behind the lips darkens them, so that teeth stand out of a dark cavity as in a real picture.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.face3d.surface import Surface

TEETH_COLOUR = (218.0, 205.0, 188.0)
GUMS_COLOUR = (158.0, 86.0, 84.0)
SOCKET_COLOUR = (72.0, 30.0, 30.0)
TYPICAL_SKIN = 135.0  # mean level of the skin that the three colours go with
COLOURFUL = 60.0  # levels between the strongest and the weakest channel of skin from which on the colours are full
BRIGHTNESS = 0.35, 1.25  # least and largest brightness, relative to the typical skin's
DARKENING = 0.22  # of the picture's side: depth behind the lips at which light has faded to the floor
FLOOR = 0.16
LIPS = 98  # percentile of the hidden pixels' depth that stands for the lips


def paint_mouths(surface: Surface, picture: Tensor, hidden: Tensor, photo: Tensor, skin: Tensor) -> Tensor:
    """Return `picture` (float [B, 3, S, S], levels) with the `hidden` pixels (bool [B, S, S]) painted.

    Args:
        surface: the target meshes as drawn.
        photo: uint8 [B, 3, S, S], whose `skin` pixels (bool [B, S, S]) set brightness and tint.
    """
    if not hidden.any():
        return picture
    kernels = surface.model.kernels
    light = _light(surface, hidden) * _brightness(photo, skin)[:, None, None]
    painted = (_colours(surface, photo, skin) * light[:, None]).clamp(0, 255)
    covered = hidden[:, None]
    # The blur stands for the antialiasing that a z-buffer lacks; outside the hidden part the picture itself counts.
    painted = kernels.blur(torch.where(covered, painted, picture), 0.7)
    alpha = kernels.blur(covered.float(), 0.8)
    alpha = torch.where(covered, alpha.clamp(min=0.5), alpha)
    return picture + alpha * (painted - picture)


def _colours(surface: Surface, photo: Tensor, skin: Tensor) -> Tensor:
    """Teeth, gums or socket at every pixel, [B, 3, S, S].

    As colourful as the skin: a grey photo gets a grey mouth, a brown print a brown one, a faded photo a faded one.
    """
    model = surface.model
    table = torch.tensor(SOCKET_COLOUR, device=photo.device).repeat(len(model.triangles), 1)
    table[model.teeth] = torch.tensor(TEETH_COLOUR, device=photo.device)
    table[model.gums] = torch.tensor(GUMS_COLOUR, device=photo.device)
    colour = table[surface.triangle.clamp(min=0)].movedim(-1, 1)
    mean = (photo * skin[:, None]).sum((2, 3)) / skin.sum((1, 2)).clamp(min=1)[:, None]
    tint = ((mean.amax(1) - mean.amin(1)) / COLOURFUL).clamp(max=1)[:, None, None, None]
    hue = (mean / mean.mean(1, keepdim=True).clamp(min=1))[..., None, None]
    return torch.lerp(colour.mean(1, keepdim=True) * hue, colour, tint)


def _brightness(photo: Tensor, skin: Tensor) -> Tensor:
    """Median level of the skin, relative to the typical one, [B]."""
    levels = torch.zeros(len(photo), 256, device=photo.device)
    levels.scatter_add_(1, photo.flatten(1).long(), skin[:, None].expand_as(photo).flatten(1).float())
    median = (2 * levels.cumsum(1) < levels.sum(1, keepdim=True)).sum(1)
    return (median / TYPICAL_SKIN).clamp(*BRIGHTNESS)


def _light(surface: Surface, hidden: Tensor) -> Tensor:
    """Light that reaches each pixel, [B, S, S], 1 is all: less, the deeper behind the lips and the more turned away."""
    model = surface.model
    normal = surface.carry(_vertex_normals(surface.vertices, model.triangles[model.interior]))
    facing = normal[:, 2].abs() / (normal.norm(dim=1) + 1e-9)
    lips = model.kernels.percentile(surface.depth.flatten(1), hidden.flatten(1), LIPS)[:, None, None]
    near = 1 - (lips - surface.depth) / (DARKENING * surface.size)
    return near.clamp(FLOOR, 1) * (0.45 + 0.55 * facing)


def _vertex_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals [B, V, 3] of the vertices of some triangles [M, 3]; zero elsewhere."""
    a, b, c = (vertices[:, triangles[:, k]] for k in range(3))
    face_normal = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(vertices)
    for k in range(3):
        normals.index_add_(1, triangles[:, k], face_normal)
    return normals / (normals.norm(dim=-1, keepdim=True) + 1e-9)
