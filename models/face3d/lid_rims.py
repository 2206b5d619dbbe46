"""The rims of eyelids in pictures, and the windows round them that are painted in."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.coefficients import ARKIT
from models.face3d.heads import Heads, MeshModel

LID_SLIDERS = [
    index for name, index in ARKIT.index.items() if name.startswith(("eyeBlink", "eyeLookDown", "eyeSquint", "eyeWide"))
]
OPEN = 0.08  # of the width: a smaller opening is a shut eye, whose lid the photo shows
PROFILE = 0.45  # of the eye's width seen from the front: an eye turned further away is left alone
FRONT_WIDTH = 2.6  # centimetres from corner to corner
WINDOW = 0.3  # of the picture's side: the square round an eye that is painted in


@dataclass(frozen=True)
class Rims:
    """The lids' rims of one eye of each of B heads, [B, P, 2] in pixels, corner to corner."""

    upper: Tensor
    lower: Tensor

    @classmethod
    def of(cls, model: MeshModel, heads: Heads, vertices: Tensor) -> Rims:
        """The rims along vertices int64 [2, P] (`MeshModel.lid_rims`)."""
        upper, lower = model.project_some(heads, vertices.flatten())[..., :2].split(vertices.shape[1], 1)
        return cls(upper, lower)

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
class Closing:
    """One eye of each of B heads between a source and a target.

    Attributes:
        before: in the target's pose with the source's lids. after: as it is in the target. own: as it is in the source.
        closed: [B], the fraction of the opening that closes; zero where the eye was shut, or is turned away.
    """

    before: Rims
    after: Rims
    own: Rims
    closed: Tensor

    @classmethod
    def of(cls, model: MeshModel, source: Heads, target: Heads) -> list[Closing]:
        """Every eye of the model."""
        lids = target.expression.clone()
        lids[:, LID_SLIDERS] = source.expression[:, LID_SLIDERS]
        kept = replace(target, expression=lids)
        return [cls._of_eye(model, rims, source, kept, target) for rims in model.lid_rims]

    @classmethod
    def _of_eye(cls, model: MeshModel, vertices: Tensor, source: Heads, kept: Heads, target: Heads) -> Closing:
        before, after, own = (Rims.of(model, heads, vertices) for heads in (kept, target, source))
        closed = (1 - after.opening / before.opening).clamp(max=1)
        shut_before = before.opening < OPEN * before.width
        in_profile = before.width < PROFILE * FRONT_WIDTH * target.scale
        return cls(before, after, own, torch.where(shut_before | in_profile, 0, closed))


@dataclass(frozen=True)
class Windows:
    """A square of each of B pictures: pixel numbers [B, side * side] and positions [B, side, side, 2]."""

    index: Tensor
    position: Tensor

    @classmethod
    def about(cls, rims: Rims, size: int) -> Windows:
        """Round eyes in pictures of `size` pixels."""
        side = round(WINDOW * size)
        corner = (rims.outline.mean(1) - side / 2).round().clamp(0, size - side).long()
        reach = torch.arange(side, device=corner.device)
        x, y = (corner[:, k, None] + reach for k in (0, 1))
        position = torch.stack(torch.broadcast_tensors(x[:, None], y[:, :, None]), -1)
        return cls((position[..., 1] * size + position[..., 0]).flatten(1), position.float())

    def cut(self, picture: Tensor) -> Tensor:
        """[B, C, S, S] to [B, C, side, side]."""
        index = self.index[:, None].expand(-1, picture.shape[1], -1)
        return picture.flatten(2).gather(2, index).unflatten(2, self.position.shape[1:3])

    def paste(self, picture: Tensor, patch: Tensor) -> Tensor:
        """`picture` [B, C, S, S] with `patch` [B, C, side, side] in it."""
        index = self.index[:, None].expand(-1, picture.shape[1], -1)
        return picture.flatten(2).scatter(2, index, patch.flatten(2)).view_as(picture)
