"""Angles and matrices: signs, round trips."""

from __future__ import annotations

import numpy as np

from models.coefficients import euler_angles, rotation_matrix


def test_signs_are_the_apis() -> None:
    nose, crown = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    assert (rotation_matrix(0.2, 0, 0) @ nose)[0] > 0.1  # to the picture's right
    assert (rotation_matrix(0, 0.2, 0) @ nose)[1] > 0.1  # lifted
    assert (rotation_matrix(0, 0, 0.2) @ crown)[0] > 0.1  # clockwise: the crown goes right


def test_order_is_yaw_then_pitch_then_roll_outermost_first() -> None:
    one = rotation_matrix(0.3, 0, 0) @ rotation_matrix(0, -0.2, 0) @ rotation_matrix(0, 0, 0.4)
    np.testing.assert_allclose(rotation_matrix(0.3, -0.2, 0.4), one, atol=1e-15)


def test_angles_come_back() -> None:
    rng = np.random.default_rng(0)
    angles = rng.uniform([-3, -1.5, -3], [3, 1.5, 3], (200, 3))
    R = rotation_matrix(*angles.T)
    np.testing.assert_allclose(R @ R.swapaxes(-1, -2), np.broadcast_to(np.eye(3), R.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(R), 1, atol=1e-12)
    np.testing.assert_allclose(np.stack(euler_angles(R), -1), angles, atol=1e-9)


def test_looking_straight_up_still_gives_the_same_rotation() -> None:
    R = rotation_matrix(0.4, np.pi / 2, 0.3)
    np.testing.assert_allclose(rotation_matrix(*euler_angles(R)), R, atol=1e-7)
