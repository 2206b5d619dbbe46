"""A person's face as the 3DMM describes it in one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.face3d.pose import HeadPose


@dataclass(frozen=True)
class Head:
    """A person's neutral shape [V, 3] with expression weights [53] and a pose in the picture's pixels."""

    person: np.ndarray
    expression: np.ndarray
    pose: HeadPose
