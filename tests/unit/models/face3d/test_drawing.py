"""The rasteriser of attributes."""

from __future__ import annotations

import numpy as np

from models.face3d.drawing import EMPTY, draw, facing

SQUARE = np.array([[1, 1, 0], [6, 1, 0], [1, 6, 0], [6, 6, 0]], np.float32)
BOTH = np.array([[0, 2, 1], [1, 2, 3]], np.int32)


def test_attributes_change_linearly_over_a_triangle() -> None:
    depth, values = draw(SQUARE, SQUARE[:, :2].copy(), BOTH, 8, 8)
    rows, columns = np.nonzero(depth > EMPTY)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1, 6, 1, 6)
    assert len(rows) == 36
    np.testing.assert_allclose(values[rows, columns], np.stack([columns, rows], -1), atol=1e-4)


def test_the_nearest_surface_is_seen() -> None:
    far = SQUARE - (0, 0, 5)
    vertices = np.concatenate([SQUARE, far]).astype(np.float32)
    triangles = np.concatenate([BOTH, BOTH + 4])
    colour = np.repeat([1.0, 2.0], 4).astype(np.float32)[:, None]
    for order in (triangles, triangles[::-1]):
        depth, values = draw(vertices, colour, np.ascontiguousarray(order), 8, 8)
        assert (values[depth > EMPTY] == 1).all()


def test_what_lies_outside_of_the_window_is_left_out() -> None:
    depth, _ = draw(SQUARE + np.float32([4, -3, 0]), np.ones((4, 1), np.float32), BOTH, 8, 8)
    rows, columns = np.nonzero(depth > EMPTY)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 3, 5, 7)


def test_triangles_are_seen_from_one_side() -> None:
    assert len(facing(SQUARE, BOTH)) == 2
    assert len(facing(SQUARE, BOTH[:, ::-1])) == 0
