"""Head rotation: yaw, pitch, roll in radians <-> rotation matrices.

Camera axes: x to the picture's right, y up, z towards the viewer. R = Ry(yaw) · Rx(-pitch) · Rz(-roll), so that
positive yaw turns the nose to the picture's right, positive pitch lifts it, and positive roll tilts the head
clockwise in the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rotation_matrix(yaw: ArrayLike, pitch: ArrayLike, roll: ArrayLike) -> NDArray[np.float64]:
    """Rotation matrices [..., 3, 3] of angles [...] in radians, broadcast against each other."""
    yaw, pitch, roll = np.broadcast_arrays(*(np.asarray(angle, np.float64) for angle in (yaw, pitch, roll)))
    ca, sa = np.cos(yaw), np.sin(yaw)
    cb, sb = np.cos(pitch), np.sin(pitch)
    cc, sc = np.cos(roll), np.sin(roll)
    rows = [
        [ca * cc + sa * sb * sc, ca * sc - sa * sb * cc, sa * cb],
        [-cb * sc, cb * cc, sb],
        [-sa * cc + ca * sb * sc, -sa * sc - ca * sb * cc, ca * cb],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def euler_angles(
    rotation: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Yaw, pitch, roll [...] in radians of rotation matrices [..., 3, 3]; pitch lies in [-π/2, π/2].

    Looking straight up or down, only the sum or difference of yaw and roll is defined: roll is then 0.
    """
    r = np.asarray(rotation, np.float64)
    pitch = np.arcsin(np.clip(r[..., 1, 2], -1, 1))
    locked = np.hypot(r[..., 0, 2], r[..., 2, 2]) < 1e-9
    yaw = np.where(locked, np.arctan2(-r[..., 2, 0], r[..., 0, 0]), np.arctan2(r[..., 0, 2], r[..., 2, 2]))
    roll = np.where(locked, 0.0, np.arctan2(-r[..., 1, 0], r[..., 1, 1]))
    return yaw, pitch, roll
