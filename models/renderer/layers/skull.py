"""The skull of the face model with short hair, as an ellipsoid: what lies beyond the mesh is about as deep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.face3d.pose import HeadPose

CENTRE, AXES = np.array([0.0, 4.0, 0.3]), np.array([8.6, 11.5, 9.8])
"""Centimetres of the face model."""

Array = NDArray[np.float32]


def camera(pose: HeadPose, points: Array) -> NDArray[np.float64]:
    """Centimetres from the head's origin, y up, of points [P, ≥ 2] of a picture in pixels: [P, 2]."""
    return np.asarray(((points[:, :2] + 0.5) * (1, -1) - pose.translation[:2]) / pose.scale)


def skull(pose: HeadPose, points: Array) -> tuple[Array, Array]:
    """How far points [P, ≥ 2] of a picture are from the skull's middle, 1 on its outline, and how many centimetres it
    lies before the head's origin there: [P] each. Beyond the outline it goes on as a plane."""
    form = pose.rotation / AXES**2 @ pose.rotation.T
    centre = pose.rotation @ CENTRE
    across = camera(pose, points) - centre[:2]
    slope = form[:2, 2] / form[2, 2]
    squared = ((across @ (form[:2, :2] - form[2, 2] * np.outer(slope, slope))) * across).sum(1)
    reach = np.sqrt(squared)
    plane = -(across @ slope) / np.maximum(reach, 1)
    # Flatter than an ellipsoid at its outline: an ear or a lock there may widen, not be drawn out to a band.
    depth = plane + np.maximum(1 - squared, 0) / np.sqrt(form[2, 2])
    return reach.astype(np.float32), (depth + centre[2]).astype(np.float32)
