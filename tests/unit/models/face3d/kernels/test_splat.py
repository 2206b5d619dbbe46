"""Z-buffers of batches: the nearest surface is seen, without pinholes, as the compiled rasteriser sees it."""

from __future__ import annotations

import numpy as np
import torch

from models.face3d.head import Head
from models.face3d.heads import MeshModel
from models.face3d.kernels import PARALLEL
from models.face3d.kernels.raster import interpolate, rasterise
from models.face3d.kernels.splat import EMPTY_DEPTH
from models.face3d.morphable import MorphableModel
from models.face3d.surface import Surface

SQUARE = torch.tensor([[0, 1, 2], [0, 2, 3]])


def splat(vertices: torch.Tensor, triangles: torch.Tensor, size: int) -> Surface:
    """Meshes drawn by the parallel kernels."""
    nothing = np.zeros((1, *vertices.shape[1:]), np.float32)
    part = np.zeros(len(triangles), np.int8)
    model = MorphableModel(nothing[0], nothing, nothing, triangles.numpy().astype(np.int32), part)
    return Surface.draw(MeshModel.of(model, "cpu", PARALLEL), vertices, size)


def square(left: float, right: float, depth: float) -> torch.Tensor:
    """Corners of an upright square from row 10 to row 50."""
    return torch.tensor([[left, 10, depth], [right, 10, depth], [right, 50, depth], [left, 50, depth]])


def test_a_far_surface_does_not_show_through_a_near_one() -> None:
    """Triangles a thousand times as large as a pixel leave no hole through which the hidden layer is seen."""
    vertices = torch.cat([square(10, 50, 5.0), square(0, 60, -5.0)])[None]
    triangles = torch.cat([SQUARE, SQUARE + 4])
    for order in (triangles, triangles.flip(0)):
        surface = splat(vertices, order, 64)
        assert (surface.depth[0, 10:51, 10:51] - 5).abs().max() < 1e-4
        assert (surface.depth[0, 10:51, 51:61] + 5).abs().max() < 1e-4
        assert (surface.depth[0, 51:] == EMPTY_DEPTH).all()
        assert torch.equal(surface.mesh, surface.depth > EMPTY_DEPTH)


def test_every_mesh_of_a_batch_has_its_own_buffer() -> None:
    surface = splat(torch.stack([square(0, 20, 1), square(30, 50, 2), square(100, 120, 3)]), SQUARE, 64)
    assert surface.depth[0, 30, 10] == 1
    assert surface.depth[1, 30, 40] == 2
    assert not surface.mesh[0, :, 25:].any()
    assert not surface.mesh[2].any(), "outside the picture"


def test_nothing_to_draw_is_an_empty_picture() -> None:
    surface = splat(square(100, 120, 0)[None], SQUARE, 64)
    assert not surface.mesh.any()
    assert (surface.carry(surface.vertices) == 0).all()


def test_a_head_is_drawn_as_by_the_compiled_rasteriser(model: MorphableModel, face: Head) -> None:
    vertices = model.project(face.person, face.pose)
    depth, triangle, weights = rasterise(vertices, model.triangles, 128)
    surface = splat(torch.from_numpy(vertices)[None], torch.from_numpy(model.triangles).long(), 128)
    assert (surface.mesh[0].numpy() == (triangle >= 0)).mean() > 0.999
    np.testing.assert_allclose(surface.depth[0].numpy(), depth, atol=1e-3)
    carried = surface.carry(surface.vertices)[0].permute(1, 2, 0).numpy()
    expected = interpolate(vertices, model.triangles, triangle, weights).transpose(1, 2, 0)
    np.testing.assert_allclose(carried, expected, atol=1e-3)
