"""Paint the part of an upper eyelid that a photo does not show: the skin that an open eye folds away, and its lashes.

Where a lid comes down, the flow can only stretch its rim, lashes and all, over the eye. A closed eye looks more like
what surrounds it: the lid is filled in from the skin around the eye, and a lash line is drawn along its edge.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models.face3d.heads import Heads, MeshModel
from models.face3d.kernels import Kernels
from models.face3d.lid_rims import Closing, Rims, Windows

LEAST = 0.2  # fraction of the opening that must close before any lid is painted
SHUT = 0.75  # fraction from which nothing of the eye is left to see
STRIP = 0.13  # of the eye's width: height of the lashes above the rim, which go with the old eye
LINE = 0.055  # of the eye's width: thickness of the new lash line
SOFTNESS = 0.02  # of the eye's width: blur of the lid's skin


def paint_eyelids(model: MeshModel, photo: Tensor, picture: Tensor, source: Heads, target: Heads) -> Tensor:
    """Return `picture` with closing lids painted.

    Args:
        photo: uint8 [B, 3, S, S].
        picture: float [B, 3, S, S], levels: `photo` warped from `source` to `target`.
    """
    for eye in Closing.of(model, source, target):
        closed = torch.where(eye.closed <= LEAST, 0, eye.closed)
        if closed.any():
            picture = _paint(model.kernels, picture, eye, closed, _lash_colour(model.kernels, photo, eye.own))
    return picture


def shut_eyes(model: MeshModel, source: Heads, target: Heads, size: int) -> Tensor:
    """Where pictures of `target` show lids over eyes that are open in `source`, bool [B, size, size]."""
    shut = torch.zeros(len(target.scale), 1, size, size, device=target.scale.device)
    for eye in Closing.of(model, source, target):
        windows = Windows.about(eye.before, size)
        area = _area(model.kernels, eye, windows) & (eye.closed > SHUT)[:, None, None]
        shut = torch.maximum(shut, windows.paste(torch.zeros_like(shut), area[:, None].float()))
    return shut[:, 0] > 0


def _paint(kernels: Kernels, picture: Tensor, eye: Closing, closed: Tensor, lash: Tensor) -> Tensor:
    """Paint one eye of each head; `closed` [B] is zero where nothing is to be painted, `lash` a colour [B, 3]."""
    before, after = eye.before, eye.after
    windows = Windows.about(before, picture.shape[-1])
    patch = windows.cut(picture)
    shut = (closed > SHUT)[:, None, None]
    lid = kernels.polygon(torch.cat([before.raised(STRIP * before.width), after.upper.flip(1)], 1), windows.position)
    area = _area(kernels, eye, windows)
    rim = torch.where(shut, (after.upper + after.lower) / 2, after.upper)
    skin = kernels.inpaint(patch, lid | area, SOFTNESS * before.width)
    alpha = kernels.blur((lid | (area & shut))[:, None].float(), 0.7) * (closed > 0)[:, None, None, None]
    painted = patch + alpha * (skin - patch)
    along = torch.arange(1, rim.shape[1], device=rim.device) / rim.shape[1]
    fading = (math.pi * along).sin() ** 0.3
    strength = 0.85 * closed[:, None, None] * kernels.line(rim, LINE * before.width, fading, windows.position)
    painted = painted + strength[:, None] * (lash[:, :, None, None] - painted)
    return windows.paste(picture, painted)


def _area(kernels: Kernels, eye: Closing, windows: Windows) -> Tensor:
    """The eye before and after, bool [B, side, side], and two pixels around it."""
    opening = [kernels.polygon(rims.outline, windows.position) for rims in (eye.before, eye.after)]
    return kernels.dilate(opening[0] | opening[1], 5)


def _lash_colour(kernels: Kernels, photo: Tensor, own: Rims) -> Tensor:
    """The darker part of the open eyes and their rims, [B, 3]."""
    windows = Windows.about(own, photo.shape[-1])
    area = kernels.polygon(own.outline, windows.position)
    area = area[:, None].expand(-1, 3, -1, -1).flatten(0, 1).flatten(1)
    return kernels.percentile(windows.cut(photo).float().flatten(0, 1).flatten(1), area, 15).view(-1, 3)
