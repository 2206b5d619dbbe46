"""Paint closing upper lids for a batch: rules and proportions of `models.face3d.eyelids`, in a window round each eye.

Where the numpy version inpaints by fast marching, which goes pixel by pixel, the lid's skin is filled by pull-push: a
little smoother. Lash lines are distances to a polyline instead of drawn strokes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from models.face3d import eyelids
from models.face3d.batched.heads import Heads, MeshModel
from models.face3d.batched.pixels import blur, percentile
from models.face3d.batched.pull_push import pull_push

_WINDOW = 0.3  # of the picture's side: the square round an eye that is painted in


@dataclass(frozen=True)
class _Eyes:
    """One eye of each of B heads: rims [B, P, 2] in pixels, corner to corner."""

    upper: Tensor
    lower: Tensor

    @property
    def width(self) -> Tensor:
        return (self.upper[:, 0] - self.upper[:, -1]).norm(dim=-1)

    @property
    def opening(self) -> Tensor:
        """Mean distance of the rims between the corners, [B]; the rims of a shut eye may cross."""
        return ((self.upper - self.lower)[:, 1:-1] * self._up[:, None]).sum(-1).mean(-1)

    @property
    def outline(self) -> Tensor:
        return torch.cat([self.upper, self.lower.flip(1)], 1)

    @property
    def _up(self) -> Tensor:
        along = (self.upper[:, -1] - self.upper[:, 0]) / self.width[:, None]
        return torch.stack([along[:, 1], -along[:, 0]], -1)

    def raised(self, distance: Tensor) -> Tensor:
        """The upper rim moved up by distances [B], its corners left in place."""
        lift = torch.linspace(0, math.pi, self.upper.shape[1], device=distance.device).sin().clamp(min=0) ** 0.3
        return self.upper + distance[:, None, None] * lift[:, None] * self._up[:, None]


@dataclass(frozen=True)
class _Windows:
    """A square of each of B pictures: pixel numbers [B, side * side] and positions [B, side, side, 2]."""

    index: Tensor
    position: Tensor

    @classmethod
    def about(cls, centre: Tensor, side: int, size: int) -> _Windows:
        corner = (centre - side / 2).round().clamp(0, size - side).long()
        reach = torch.arange(side, device=centre.device)
        x, y = (corner[:, k, None] + reach for k in (0, 1))
        position = torch.stack(torch.broadcast_tensors(x[:, None], y[:, :, None]), -1)
        return cls((position[..., 1] * size + position[..., 0]).flatten(1), position.float())

    def cut(self, picture: Tensor) -> Tensor:
        """[B, C, S, S] to [B, C, side, side]."""
        index = self.index[:, None].expand(-1, picture.shape[1], -1)
        return picture.flatten(2).gather(2, index).unflatten(2, self.position.shape[1:3])

    def paste(self, picture: Tensor, patch: Tensor) -> Tensor:
        index = self.index[:, None].expand(-1, picture.shape[1], -1)
        return picture.flatten(2).scatter(2, index, patch.flatten(2)).view_as(picture)


def paint_lids(model: MeshModel, photo: Tensor, picture: Tensor, source: Heads, target: Heads) -> Tensor:
    """Return `picture` (float [B, 3, S, S], `photo` warped from `source` to `target`) with closing lids painted."""
    lids = target.expression.clone()
    lids[:, eyelids.LID_SLIDERS] = source.expression[:, eyelids.LID_SLIDERS]
    before = replace(target, expression=lids)  # the heads in their new pose, the lids as they were
    for rims in model.lid_rims:
        was, now, own = (_eyes(model, heads, rims) for heads in (before, target, source))
        closed = (1 - now.opening / was.opening).clamp(max=1)
        shut_before = was.opening < eyelids.OPEN * was.width
        in_profile = was.width < eyelids.PROFILE * eyelids.FRONT_WIDTH * target.scale
        closed = torch.where(shut_before | in_profile | (closed <= eyelids.LEAST), 0, closed)
        picture = _paint(picture, was, now, closed, _lash_colour(photo, own))
    return picture


def _paint(picture: Tensor, was: _Eyes, now: _Eyes, closed: Tensor, lash: Tensor) -> Tensor:
    """Paint one eye of each head; `closed` [B] is zero where nothing is to be painted, `lash` a colour [B, 3]."""
    size = picture.shape[-1]
    windows = _Windows.about(was.outline.mean(1), round(_WINDOW * size), size)
    patch = windows.cut(picture)
    shut = (closed > eyelids.SHUT)[:, None, None]
    lid = _polygon(torch.cat([was.raised(eyelids.STRIP * was.width), now.upper.flip(1)], 1), windows.position)
    eye = _polygon(was.outline, windows.position) | _polygon(now.outline, windows.position)
    eye = F.max_pool2d(eye[:, None].float(), 5, stride=1, padding=2)[:, 0] > 0
    rim = torch.where(shut, (now.upper + now.lower) / 2, now.upper)
    skin = pull_push(patch, ~(lid | eye))
    alpha = blur((lid | (eye & shut))[:, None].float(), 0.7) * (closed > 0)[:, None, None, None]
    painted = patch + alpha * (skin - patch)
    strength = 0.85 * closed[:, None, None] * _line(rim, eyelids.LINE * was.width, windows.position)
    painted = painted + strength[:, None] * (lash[:, :, None, None] - painted)
    return windows.paste(picture, painted)


def _eyes(model: MeshModel, heads: Heads, rims: Tensor) -> _Eyes:
    upper, lower = model.project_some(heads, rims.flatten())[..., :2].split(rims.shape[1], 1)
    return _Eyes(upper, lower)


def _lash_colour(photo: Tensor, own: _Eyes) -> Tensor:
    """The darker part of the open eyes and their rims, [B, 3]."""
    size = photo.shape[-1]
    windows = _Windows.about(own.outline.mean(1), round(_WINDOW * size), size)
    area = _polygon(own.outline, windows.position)
    area = area[:, None].expand(-1, 3, -1, -1).flatten(0, 1).flatten(1)
    return percentile(windows.cut(photo).float().flatten(0, 1).flatten(1), area, 15).view(-1, 3)


def _polygon(points: Tensor, position: Tensor) -> Tensor:
    """Positions [B, H, W, 2] inside polygons [B, P, 2] or within half a pixel of their edges, bool [B, H, W]."""
    ring = torch.cat([points, points[:, :1]], 1)[:, None, None]
    (ax, ay), (bx, by) = ring[..., :-1, :].unbind(-1), ring[..., 1:, :].unbind(-1)
    x, y = position[..., None, :].unbind(-1)
    crossing = ax + (y - ay) * ((bx - ax) / torch.where(by == ay, 1, by - ay))
    crossed = ((ay > y) != (by > y)) & (x < crossing)
    return (crossed.sum(-1) % 2 == 1) | (_distances(ring[:, 0, 0], position).amin(-1) < 0.5)


def _line(points: Tensor, width: Tensor, position: Tensor) -> Tensor:
    """Open lines through points [B, P, 2], `width` [B] pixels thick, fading at their ends; coverage [B, H, W]."""
    along = torch.arange(1, points.shape[1], device=points.device) / points.shape[1]
    level = (math.pi * along).sin() ** 0.3
    cover = (width[:, None, None, None] / 2 + 0.5 - _distances(points, position)).clamp(0, 1)
    return (level * cover).amax(-1)


def _distances(points: Tensor, position: Tensor) -> Tensor:
    """Distance of positions [B, H, W, 2] to each segment between neighbouring points [B, P, 2], [B, H, W, P - 1]."""
    start = points[:, None, None, :-1]
    along = points[:, None, None, 1:] - start
    off = position[..., None, :] - start
    share = ((off * along).sum(-1) / (along**2).sum(-1).clamp(min=1e-9)).clamp(0, 1)
    return torch.hypot(*(off - share[..., None] * along).unbind(-1))
