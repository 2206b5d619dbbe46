"""A rigid head: the flow that the change of pose alone causes, in closed form.

Yaw, pitch, roll, place and size of source and target are coefficients: what they do to a head is geometry, and a
network that has to find it in pictures spends its capacity on it and is a tenth off. Here a mean head, a depth map that
is learnt with the networks, is turned as the coefficients say. What is left for the warping network is what differs:
another person's depth, expressions, hair.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.renderer.flow import coordinate_grid

POSE = 6
"""yaw, pitch, roll (radians), x, y (fractions of the picture), log zoom: the last coefficients of the `arkit` space."""

REACH = 0.75
"""Half of what the maps span, in pictures at zoom 1."""

CELLS = 32
FINER = 2  # the maps are smoothed to so many times their cells: a kink would be seen as an edge
NEAREST, FARTHEST, STEPS = 0.6, -0.5, 24  # depths between which, and in how many steps, a ray looks for the head
LEAST = 0.25  # determinant: of a head seen from the side (76 degrees) no picture of its front can be computed


class RigidHead(nn.Module):
    """Two maps [1, 1, CELLS, CELLS] in the head's own coordinates, seen from the front, y downwards.

    `depth` is the distance towards the viewer from the head's origin (the point that x and y place); `hold` is the
    head mask, the logit of how far a place moves with the head: a background does not. Released weights have the name.
    """

    def __init__(self) -> None:
        super().__init__()
        x, y = coordinate_grid(CELLS, CELLS) * REACH
        self.depth = nn.Parameter((0.3 - 1.5 * (x.square() + 0.7 * y.square())).clamp(min=-0.3)[None, None])
        self.hold = nn.Parameter((3 - 30 * (x.square() + 0.7 * y.square())).clamp(min=-3)[None, None])

    def forward(self, source: Tensor, target: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Poses [N, POSE] to the backward flow of a picture that is all head, [N, 2, size, size] in pixels of its own
        grid (no change is exactly 0), and to the logit of how far each pixel follows it, [N, 1, size, size]."""
        with torch.autocast(source.device.type, enabled=False):  # half precision would round to whole pixels
            source, target = source.float(), target.float()
            maps = F.interpolate(torch.cat([self.depth, self.hold], 1), scale_factor=FINER, mode="bicubic")
            maps = maps.expand(len(source), -1, -1, -1)
            turned = _rotation(target[:, :3])
            points, mask = self._seen(target, turned, maps, size)
            change = _sizes(source) * _rotation(source[:, :3]) - _sizes(target) * turned
            shift = (source - target)[:, 3:5, None, None]
            return _softened((_applied(change[:, :2], points) + shift) * size), _softened(mask)

    def _seen(self, pose: Tensor, rotation: Tensor, maps: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Which points [N, 3, h, w] of the head the pixels of a picture in that pose, whose rotation is given, show,
        and the head mask there [N, 1, h, w].

        A pixel is q = A u + b·depth(u) for a point (u, depth(u)). From the viewer along its ray, what lies above the
        surface first lies below it between two steps; a straight line between them tells where.
        """
        grid = coordinate_grid(size, size, pose.device) / 2
        q = (grid - pose[:, 3:5, None, None]) / _sizes(pose)[..., None]
        inverse = _inverse(rotation[:, :2, :2])
        level, slope = _applied(inverse, q), _applied(inverse, rotation[:, :2, 2, None, None])
        steps = torch.linspace(NEAREST, FARTHEST, STEPS, device=pose.device)
        with torch.no_grad():
            rays = level[:, :, None] - slope[:, :, None] * steps[:, None, None]  # [N, 2, STEPS, h, w]
            surface = _sampled(maps[:, :1], rays.flatten(2, 3)).unflatten(2, (STEPS, size))[:, 0]
            is_below = surface >= steps[:, None, None]
            is_below[:, -1] = True
            below = is_below.byte().argmax(1, keepdim=True).clamp(min=1)
        above, under = steps[below - 1], steps[below]
        gap = above - _sampled(maps[:, :1], level - slope * above)
        overlap = _sampled(maps[:, :1], level - slope * under) - under
        depth = above - (above - under) * (gap / (gap + overlap).clamp(min=1e-4)).clamp(0, 1)
        u = level - slope * depth
        return torch.cat([u, depth], 1), _sampled(maps[:, 1:], u)


def _softened(values: Tensor) -> Tensor:
    """A little blur: where one part of the head hides another, the raster's steps would be seen as a staircase."""
    for dim in (2, 3):  # written out: compiled, the gradient of a replicating pad fails on some memory layouts
        last = values.shape[dim] - 1
        before = torch.cat([values.narrow(dim, 0, 1), values.narrow(dim, 0, last)], dim)
        after = torch.cat([values.narrow(dim, 1, last), values.narrow(dim, last, 1)], dim)
        values = (before + 2 * values + after) / 4
    return values


def _sampled(maps: Tensor, u: Tensor) -> Tensor:
    """Maps [N, C, H, W] at places [N, 2, h, w]."""
    return F.grid_sample(maps, u.permute(0, 2, 3, 1) / REACH, padding_mode="border", align_corners=False)


def _inverse(matrix: Tensor) -> Tensor:
    """Of [N, 2, 2], with a determinant of `LEAST` at least."""
    (a, b), (c, d) = (row.unbind(1) for row in matrix.unbind(1))
    adjugate = torch.stack([torch.stack([d, -b], 1), torch.stack([-c, a], 1)], 1)
    return adjugate / (a * d - b * c).clamp(min=LEAST)[:, None, None]


def _applied(matrix: Tensor, points: Tensor) -> Tensor:
    """Matrices [N, I, J] times points [N, J, h, w]."""
    return (matrix[..., None, None] * points[:, None]).sum(2)


def _sizes(pose: Tensor) -> Tensor:
    """How large the head is in each pose, [N, 1, 1]: pictures a unit."""
    return torch.exp(pose[:, 5])[:, None, None]


def _rotation(angles: Tensor) -> Tensor:
    """`models.coefficients.rotation_matrix` of angles [N, 3], for axes whose y points down: [N, 3, 3]."""
    (ca, cb, cc), (sa, sb, sc) = torch.cos(angles).unbind(1), torch.sin(angles).unbind(1)
    rows = [
        [ca * cc + sa * sb * sc, sa * sb * cc - ca * sc, sa * cb],
        [cb * sc, cb * cc, -sb],
        [ca * sb * sc - sa * cc, sa * sc + ca * sb * cc, ca * cb],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], 1)
