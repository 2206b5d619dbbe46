"""Meshes drawn in pictures: which triangle each pixel shows, and what lies on it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from models.face3d.heads import MeshModel


@dataclass(frozen=True)
class Surface:
    """B meshes of one model drawn in pictures of S pixels; pixel centres are at integer coordinates.

    Attributes:
        vertices: float32 [B, V, 3], pixels, x right, y down, z towards the viewer.
        depth: float32 [B, S, S], z of the nearest surface; -1e9 where there is none.
        triangle: int64 [B, S, S], the triangle seen; -1 where there is none.
        weights: float32 [B, 3, S, S], barycentric; zero where there is no surface.
    """

    model: MeshModel
    vertices: Tensor
    depth: Tensor
    triangle: Tensor
    weights: Tensor

    @classmethod
    def draw(cls, model: MeshModel, vertices: Tensor, size: int) -> Surface:
        """Draw meshes [B, V, 3] in pictures of `size` pixels."""
        return cls(model, vertices, *model.kernels.rasterise(vertices, model.triangles, size))

    @property
    def mesh(self) -> Tensor:
        """Pixels on the mesh, bool [B, S, S]."""
        return self.triangle >= 0

    @property
    def size(self) -> int:
        return self.depth.shape[-1]

    def carry(self, values: Tensor) -> Tensor:
        """Vertex attributes [B, V, 3] at every pixel, [B, 3, S, S]; zero where there is no surface."""
        return self.model.kernels.interpolate(values, self.model.triangles, self.triangle, self.weights)

    def covered_by(self, triangles: Tensor) -> Tensor:
        """Pixels that show one of the chosen triangles (bool [F]), bool [B, S, S]."""
        return self.mesh & triangles[self.triangle.clamp(min=0)]

    def exchanged(self) -> Surface:
        """The same meshes with the first and the second half of the batch in each other's place."""
        half = len(self.depth) // 2
        fields = (self.vertices, self.depth, self.triangle, self.weights)
        return Surface(self.model, *(value.roll(half, 0) for value in fields))

    def first(self, count: int) -> Surface:
        """The first `count` meshes alone."""
        fields = (self.vertices, self.depth, self.triangle, self.weights)
        return Surface(self.model, *(value[:count] for value in fields))
