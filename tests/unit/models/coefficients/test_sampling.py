"""A motion at other times."""

import numpy as np
import pytest

from models.coefficients import sample

ROLL = 55


def test_between_frames_it_is_linear_and_held_at_the_ends() -> None:
    motion = np.zeros((3, 59), np.float32)
    motion[:, 0] = 0.0, 0.2, 1.0
    sampled = sample([0.0, 0.1, 0.5], motion, np.array([-1.0, 0.05, 0.1, 0.3, 2.0]))
    assert sampled.dtype == np.float32
    assert sampled[:, 0] == pytest.approx([0.0, 0.1, 0.2, 0.6, 1.0])


def test_angles_go_the_short_way_round() -> None:
    motion = np.zeros((2, 59), np.float32)
    motion[:, ROLL] = 3.0, -3.0
    assert np.cos(sample([0.0, 1.0], motion, np.array([0.5]))[0, ROLL]) == pytest.approx(-1, abs=1e-6)
    assert motion[1, ROLL] == -3.0, "what is sampled stays as it is"
