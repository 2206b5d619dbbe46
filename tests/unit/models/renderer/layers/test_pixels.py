"""The loops over a frame's pixels, against the same in whole arrays."""

from __future__ import annotations

import cv2
import numpy as np

from models.renderer.layers import pixels
from models.renderer.layers.masks import Window

RNG = np.random.default_rng(0)


def some(*shape: int) -> np.ndarray:
    return RNG.random(shape, np.float32)


def test_a_flow_is_enlarged_and_mixed_with_a_windows_places() -> None:
    flow, side, window = some(16, 16, 2) * 3, 50, Window(7, 11, 20, 30)
    grid = Window(0, 0, side, side).grid
    expected = grid + cv2.resize(flow * (side / 16), (side, side), interpolation=cv2.INTER_LINEAR)
    places, weight = window.grid + some(30, 20, 2), some(30, 20)
    expected[window.place] += weight[..., None] * (places - expected[window.place])
    columns, rows = pixels.flowing(flow, side)
    pixels.overlay(columns, rows, places, weight, window.x, window.y)
    np.testing.assert_allclose(np.dstack([columns, rows]), expected, atol=1e-3)


def test_paint_hides_and_adds_and_levels_are_whole() -> None:
    crop, added = RNG.integers(0, 256, (9, 8, 3), np.uint8), some(9, 8, 4) * 2 - 0.5
    picture = pixels.painted(crop, added)
    np.testing.assert_allclose(picture, crop * (1 - added[..., 3:].clip(0, 1)) + added[..., :3], atol=1e-3)
    wild = picture * 2 - 100
    np.testing.assert_array_equal(pixels.levels(wild, crop, 1.0), np.rint(wild).clip(0, 255))
    assert np.array_equal(pixels.levels(wild, crop, 0.0), crop)


def test_points_behind_the_nearest_surface_are_out_of_sight() -> None:
    depth = np.zeros((4, 5), np.float32)
    depth[2, 3] = 10
    places = np.array([[[13, 22, 9.5], [13.4, 21.6, 8], [12, 22, -0.5], [99, 99, -2]]], np.float32)
    assert pixels.in_sight(depth, places, 10, 20, 1.0).tolist() == [[1, 0, 1, 0]]


def test_points_keep_their_depth_in_a_finer_window() -> None:
    points = np.array([[3, 5, 7], [2.5, 4.5, 1]], np.float32)
    np.testing.assert_allclose(Window(2, 4, 8, 8).local(points, 3), [[4, 4, 7], [2.5, 2.5, 1]])
    np.testing.assert_allclose(Window(2, 4, 8, 8).local(points[:, :2]), points[:, :2] - (2, 4))
