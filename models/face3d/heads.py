"""The 3DMM and fitted heads as tensors: shapes, poses and their projection, B heads at once.

The mathematics is that of `models.face3d.morphable` and `models.face3d.pose`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.face3d.head import Head
from models.face3d.kernels import Kernels, kernels_of
from models.face3d.morphable import GUMS_AND_TONGUE, MOUTH_INTERIOR, TEETH, MorphableModel
from models.face3d.pose import CROP_CM


@dataclass(frozen=True)
class Heads:
    """B fitted heads in pictures of their own.

    Attributes:
        person: neutral shapes, float32 [B, V, 3], centimetres.
        expression: weights, float32 [B, 53].
        scale: float32 [B], pixels a centimetre.
        rotation: float32 [B, 3, 3], y-up camera axes.
        translation: float32 [B, 3], pixels, y up (`models.face3d.pose.HeadPose`).
    """

    person: Tensor
    expression: Tensor
    scale: Tensor
    rotation: Tensor
    translation: Tensor

    @classmethod
    def stack(cls, faces: Sequence[Head], device: torch.device | str) -> Heads:
        """The faces as one batch on a device."""
        return cls.shaped(torch.from_numpy(np.stack([face.person for face in faces])).float().to(device), faces)

    @classmethod
    def shaped(cls, person: Tensor, faces: Sequence[Head]) -> Heads:
        """The faces' expressions and poses on shapes [B, V, 3] that are already on a device."""

        def tensor(values: list[np.ndarray]) -> Tensor:
            return torch.from_numpy(np.stack(values).astype(np.float32)).to(person.device)

        return cls(
            person=person,
            expression=tensor([face.expression for face in faces]),
            scale=tensor([np.asarray(face.pose.scale) for face in faces]),
            rotation=tensor([face.pose.rotation for face in faces]),
            translation=tensor([face.pose.translation for face in faces]),
        )

    def coefficients(self, size: int) -> Tensor:
        """The heads' vectors in the `arkit` space for pictures of `size` pixels, [B, 59].

        Angles as in `models.coefficients.euler_angles`, for heads that do not look straight up or down.
        """
        r = self.rotation
        yaw = torch.atan2(r[:, 0, 2], r[:, 2, 2])
        pitch = torch.asin(r[:, 1, 2].clamp(-1, 1))
        roll = torch.atan2(-r[:, 1, 0], r[:, 1, 1])
        x, y = self.translation[:, 0] / size - 0.5, -self.translation[:, 1] / size - 0.5
        pose = torch.stack([yaw, pitch, roll, x, y, (self.scale * CROP_CM / size).log()], -1)
        return torch.cat([self.expression, pose], -1)


@dataclass(frozen=True)
class MeshModel:
    """What the generator needs of a `MorphableModel`, as tensors on one device.

    Attributes:
        mean: S̄, [V, 3], centimetres. identity: B_id, [I, V, 3]. expression: B_exp, [53, V, 3].
        triangles: int64 [F, 3].
        interior: bool [F], triangles of the mouth's inside. teeth, gums: bool [F], parts of it; gums with the tongue.
        eyeballs: bool [F], triangles of an eyeball.
        rims: int64 [R], vertices of the inner lips and the lids.
        lid_rims: int64 [E, 2, P], upper and lower rim of each of E eyes, corner to corner.
        kernels: what draws and fills pictures on the device.
    """

    mean: Tensor
    identity: Tensor
    expression: Tensor
    triangles: Tensor
    interior: Tensor
    teeth: Tensor
    gums: Tensor
    eyeballs: Tensor
    rims: Tensor
    lid_rims: Tensor
    kernels: Kernels

    @classmethod
    def of(cls, model: MorphableModel, device: torch.device | str, kernels: Kernels | None = None) -> MeshModel:
        """The model on a device, with the device's own kernels unless others are given."""

        def tensor(value: np.ndarray) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(value)).to(device)

        lids = np.array(model.lid_rims, np.int64)
        return cls(
            mean=tensor(model.mean),
            identity=tensor(model.identity),
            expression=tensor(model.expression),
            triangles=tensor(model.triangles.astype(np.int64)),
            interior=tensor(np.isin(model.part, MOUTH_INTERIOR)),
            teeth=tensor(model.part == TEETH),
            gums=tensor(model.part == GUMS_AND_TONGUE),
            eyeballs=tensor(model.eyeballs),
            rims=tensor(model.rims.astype(np.int64)),
            lid_rims=tensor(lids if lids.size else np.zeros((0, 2, 0), np.int64)),
            kernels=kernels or kernels_of(device),
        )

    def persons(self, identity: Tensor) -> Tensor:
        """Neutral shapes [B, V, 3] of identity weights α [B, I]."""
        return self.mean + (identity @ self.identity.flatten(1)).unflatten(1, self.mean.shape)

    def project(self, heads: Heads) -> Tensor:
        """All vertices in the pictures, float32 [B, V, 3]: pixels, x right, y down, z towards the viewer."""
        return self._projected(heads, self.expression, heads.person)

    def project_some(self, heads: Heads, vertices: Tensor) -> Tensor:
        """The same for some vertices [N] alone: [B, N, 3]."""
        return self._projected(heads, self.expression[:, vertices], heads.person[:, vertices])

    @staticmethod
    def _projected(heads: Heads, expression: Tensor, person: Tensor) -> Tensor:
        shape = person + (heads.expression @ expression.flatten(1)).unflatten(1, person.shape[1:])
        # Written out: a matrix product may run in TF32, which is a tenth of a pixel at a picture's width.
        rotation = (heads.scale[:, None, None] * heads.rotation)[:, None]
        turned = (rotation * shape[:, :, None]).sum(-1) + heads.translation[:, None]
        return turned * turned.new_tensor([1, -1, 1])
