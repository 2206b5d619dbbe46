"""What sliders do to coefficients: the API's semantics, to the letter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.coefficients import ARKIT, apply_controls, constrain, rotation_matrix
from models.errors import ControlError

INDEX = ARKIT.index


@pytest.fixture
def source() -> np.ndarray:
    """A face with a half smile, its jaw a little open, turned a little."""
    coefficients = np.zeros(59, np.float32)
    coefficients[INDEX["mouthSmileLeft"]] = coefficients[INDEX["mouthSmileRight"]] = 0.5
    coefficients[INDEX["jawOpen"]] = 0.3
    coefficients[INDEX["mouthClose"]] = 0.2
    coefficients[53:] = 0.1, -0.05, 0.2, 0.02, -0.03, 0.1
    return coefficients


@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_no_controls_change_nothing(source: np.ndarray, mode: Any) -> None:
    np.testing.assert_array_equal(apply_controls(ARKIT, source, mode=mode), source)


def test_relative_zeros_change_nothing(source: np.ndarray) -> None:
    expression = dict.fromkeys(INDEX, 0.0)
    pose = {"yaw": 0, "pitch": 0, "roll": 0, "x": 0, "y": 0, "zoom": 1}
    np.testing.assert_allclose(apply_controls(ARKIT, source, expression=expression, pose=pose), source, atol=1e-7)


def test_relative_adds_and_clamps_the_sum(source: np.ndarray) -> None:
    edited = apply_controls(ARKIT, source, expression={"mouthSmile": 0.7, "jawOpen": -1, "eyeBlinkLeft": 0.25})
    assert edited[INDEX["mouthSmileLeft"]] == edited[INDEX["mouthSmileRight"]] == 1
    assert edited[INDEX["jawOpen"]] == 0
    assert edited[INDEX["eyeBlinkLeft"]] == 0.25
    assert edited[INDEX["eyeBlinkRight"]] == 0


def test_absolute_replaces_the_named_and_keeps_the_rest(source: np.ndarray) -> None:
    edited = apply_controls(ARKIT, source, mode="absolute", expression={"jawOpen": 0.9})
    assert edited[INDEX["jawOpen"]] == np.float32(0.9)
    assert edited[INDEX["mouthSmileLeft"]] == 0.5
    np.testing.assert_array_equal(edited[53:], source[53:])


def test_mouth_close_never_exceeds_jaw_open_after_the_sum(source: np.ndarray) -> None:
    edited = apply_controls(ARKIT, source, expression={"mouthClose": 1, "jawOpen": 0.2})
    assert edited[INDEX["mouthClose"]] == edited[INDEX["jawOpen"]] == np.float32(0.5)
    shut = apply_controls(ARKIT, source, mode="absolute", expression={"jawOpen": 0.1})
    assert shut[INDEX["mouthClose"]] == shut[INDEX["jawOpen"]] == np.float32(0.1)


def test_relative_rotation_is_delta_times_source(source: np.ndarray) -> None:
    edited = apply_controls(ARKIT, source, pose={"yaw": 20, "pitch": -10, "roll": 30})
    delta = rotation_matrix(*np.radians([20, -10, 30]))
    np.testing.assert_allclose(rotation_matrix(*edited[53:56]), delta @ rotation_matrix(*source[53:56]), atol=1e-6)


def test_relative_shift_adds_and_zoom_multiplies(source: np.ndarray) -> None:
    edited = apply_controls(ARKIT, source, pose={"x": 0.1, "y": -0.1, "zoom": 1.2})
    np.testing.assert_allclose(edited[56:], [0.12, -0.13, 0.1 + np.log(1.2)], atol=1e-6)


def test_absolute_pose_replaces_named_axes_only(source: np.ndarray) -> None:
    edited = apply_controls(ARKIT, source, mode="absolute", pose={"yaw": -30, "zoom": 1.1, "y": 0})
    np.testing.assert_allclose(edited[53:], [np.radians(-30), -0.05, 0.2, 0.02, 0, np.log(1.1)], atol=1e-6)


def test_raw_coefficients_replace_the_source_and_sliders_act_on_them(source: np.ndarray) -> None:
    raw = np.zeros(59)
    raw[INDEX["jawOpen"]] = 0.4
    edited = apply_controls(ARKIT, source, coefficients=raw.tolist(), expression={"jawOpen": 0.1})
    assert edited[INDEX["jawOpen"]] == np.float32(0.5)
    assert np.count_nonzero(edited) == 1


@pytest.mark.parametrize(
    ("controls", "field"),
    [
        ({"expression": {"tongueOut": 1}}, "expression.tongueOut"),
        ({"expression": {"jawOpen": 1.01}}, "expression.jawOpen"),
        ({"expression": {"jawOpen": float("nan")}}, "expression.jawOpen"),
        ({"mode": "absolute", "expression": {"jawOpen": -0.1}}, "expression.jawOpen"),
        ({"expression": {"mouthSmile": 0.5, "mouthSmileLeft": 0.1}}, "expression.mouthSmile"),
        ({"expression": {"mouthSmileRight": 0.1, "mouthSmile": 0.5}}, "expression.mouthSmile"),
        ({"pose": {"tilt": 1}}, "pose.tilt"),
        ({"pose": {"yaw": 46}}, "pose.yaw"),
        ({"pose": {"pitch": -30.5}}, "pose.pitch"),
        ({"pose": {"roll": float("inf")}}, "pose.roll"),
        ({"pose": {"zoom": 0.69}}, "pose.zoom"),
        ({"coefficients": [0.0] * 58}, "coefficients"),
        ({"coefficients": [1.5] + [0.0] * 58}, "coefficients.0"),
        ({"coefficients": [0.0] * 53 + [30.0] + [0.0] * 5}, "coefficients.53"),
        ({"mode": "add"}, "mode"),
    ],
)
def test_bad_controls_name_their_field(source: np.ndarray, controls: dict[str, Any], field: str) -> None:
    with pytest.raises(ControlError) as caught:
        apply_controls(ARKIT, source, **controls)
    assert caught.value.field == field


def test_constrain_is_idempotent_and_takes_batches() -> None:
    wild = np.random.default_rng(1).normal(0, 1, (7, 59))
    tame = constrain(ARKIT, wild)
    assert tame[:, :53].min() >= 0
    assert tame[:, :53].max() <= 1
    assert (tame[:, INDEX["mouthClose"]] <= tame[:, INDEX["jawOpen"]]).all()
    np.testing.assert_array_equal(tame[:, 53:], wild[:, 53:].astype(np.float32))
    np.testing.assert_array_equal(constrain(ARKIT, tame), tame)
