"""A change of coefficients: what sliders ask for, before it meets a face or a motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.coefficients.rotation import euler_angles, rotation_matrix
from models.coefficients.space import CoefficientSpace


@dataclass(frozen=True)
class Change:
    """What is done to T frames of coefficients, or to all frames alike where T is 1.

    own · (1 - replaced) + values, for every number. Where the change `turns`, the head's rotation is R(values) · R(own)
    instead.

    Attributes:
        space: of the coefficients.
        values: float64 [T, C]: what is added; of what is replaced, the new value times `replaced`.
        replaced: float64 [T, C] in [0, 1]: how much of the own value is replaced.
        turns: whether the rotation's values turn the head from its own pose.
    """

    space: CoefficientSpace
    values: NDArray[np.float64]
    replaced: NDArray[np.float64]
    turns: bool

    def on(self, motion: NDArray[np.floating]) -> NDArray[np.float64]:
        """The changed motion [T, C], not yet constrained; the change, or the motion, may have one frame alone."""
        own = np.asarray(motion, np.float64)
        result = own * (1 - self.replaced) + self.values
        if self.turns:
            rotation = slice(self.space.pose_start, self.space.pose_start + 3)
            result[:, rotation] = own[:, rotation]
            if self.values[:, rotation].any():
                delta = rotation_matrix(*self.values[:, rotation].T)
                result[:, rotation] = np.stack(euler_angles(delta @ rotation_matrix(*own[:, rotation].T)), -1)
        return result
