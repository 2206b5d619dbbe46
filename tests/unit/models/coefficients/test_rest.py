"""How much of a rendered frame is shown, by how far its motion is from rest."""

from __future__ import annotations

import numpy as np
import pytest

from models.coefficients import ARKIT, BFM, apply_controls
from models.coefficients.rest import motion_weight
from models.coefficients.space import CoefficientSpace


def own(space: CoefficientSpace) -> np.ndarray:
    coefficients = np.full(space.size, 0.3, np.float32)
    coefficients[space.pose_start :] = 0.2, -0.1, 0.05, 0.01, -0.02, 0.1
    return coefficients


@pytest.mark.parametrize("space", [ARKIT, BFM], ids=["arkit", "bfm"])
def test_an_empty_request_is_exactly_nothing(space: CoefficientSpace) -> None:
    face = own(space)
    requested = apply_controls(space, face, expression=dict.fromkeys(space.index, 0.0), pose={"yaw": 0.0, "zoom": 1.0})
    assert motion_weight(space, face, requested[None, :, None])[0] == 0


@pytest.mark.parametrize("control", [{"expression": "jawOpen"}, {"pose": "yaw"}])
def test_the_weight_grows_smoothly_to_one(control: dict[str, str]) -> None:
    face = own(ARKIT)
    [(kind, name)] = control.items()
    unit = 0.05 if kind == "expression" else 1.0
    steps = np.linspace(0, 1.2, 121)
    weights = [
        motion_weight(ARKIT, face, apply_controls(ARKIT, face, **{kind: {name: step * unit}})[None, :, None])[0]  # type: ignore[arg-type]
        for step in steps
    ]
    assert (np.diff(weights) >= 0).all()
    assert np.diff(weights).max() < 0.02
    assert weights[-1] == 1
    assert weights[20] < 0.15


def test_a_window_is_as_far_from_rest_as_its_farthest_frame() -> None:
    face = own(BFM)
    window = np.repeat(face[None, :, None], 27, 2)
    window[0, 0, 26] += 1
    assert motion_weight(BFM, face, window)[0] == 1
