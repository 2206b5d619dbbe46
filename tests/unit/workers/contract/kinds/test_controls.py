"""Controls: strict shapes, ranges, and names checked against a real sliders document."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from models.coefficients import ARKIT, BFM
from workers.contract.kinds.controls import Controls, check_controls

SLIDERS = ARKIT.document()


def faults(controls: dict[str, Any]) -> list[str]:
    """The fields that `check_controls` finds fault with."""
    return [field for field, _ in check_controls(Controls.model_validate(controls), SLIDERS, max_clip_seconds=10)]


@pytest.mark.parametrize(
    "controls",
    [
        {"expression": {"jawOpen": 1.1}},
        {"expression": {"jawOpen": math.nan}},
        {"expression": {"jawOpen": "0.5"}},
        {"expression": {"jawOpen": True}},
        {"mode": "sideways"},
        {"pose": {"yaw": 46}},
        {"pose": {"pitch": -31}},
        {"pose": {"zoom": 0}},
        {"pose": {"tilt": 1}},
        {"pose": {"roll": math.inf}},
        {"coefficients": [math.nan] * 59},
        {"keyframes": []},
        {"keyframes": [{"expression": {}}]},
        {"keyframes": [{"time": 1.0}, {"time": 1.0}]},
        {"keyframes": [{"time": -1.0}]},
        {"smile": 1},
    ],
)
def test_what_is_malformed_or_out_of_range_is_refused(controls: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Controls.model_validate(controls)


def test_absolute_sliders_stay_in_their_own_range() -> None:
    assert faults({"mode": "absolute", "expression": {"jawOpen": -0.1}}) == ["expression.jawOpen"]
    assert faults({"mode": "absolute", "expression": {"mouthSmile": -0.1}}) == ["expression.mouthSmile"]
    keyframes = [{"time": 0.0, "expression": {"jawOpen": -0.5}}]
    assert faults({"mode": "absolute", "keyframes": keyframes}) == ["keyframes.0.expression.jawOpen"]
    controls = Controls.model_validate({"mode": "absolute", "expression": {"exp_0": -0.5}})
    assert check_controls(controls, BFM.document(), max_clip_seconds=10) == []


def test_empty_controls_and_whole_numbers_are_accepted() -> None:
    assert Controls.model_validate({}).mode == "relative"
    assert Controls.model_validate({"pose": {"yaw": 15}}).pose.named() == {"yaw": 15.0}


def test_unknown_sliders_are_named_with_the_nearest_known_one() -> None:
    controls = Controls.model_validate({"expression": {"jawOpne": 0.5}})
    ((field, message),) = check_controls(controls, SLIDERS, max_clip_seconds=10)
    assert field == "expression.jawOpne"
    assert "jawOpen" in message


def test_a_shorthand_excludes_its_sides() -> None:
    assert faults({"expression": {"mouthSmile": 0.1, "mouthSmileLeft": 0.1}}) == ["expression.mouthSmileLeft"]
    assert faults({"expression": {"mouthSmileLeft": 0.1, "mouthSmileRight": 0.2, "jawLeft": 0.3}}) == []


def test_keyframes_are_checked_one_by_one() -> None:
    keyframes = [{"time": 0.0, "expression": {"tongueOut": 1.0}}, {"time": 11.0}]
    assert faults({"keyframes": keyframes}) == ["keyframes.0.expression.tongueOut", "keyframes.1.time"]


def test_raw_coefficients_have_a_length_and_ranges() -> None:
    neutral = [0.0] * 59
    assert faults({"coefficients": neutral}) == []
    assert faults({"coefficients": neutral[1:]}) == ["coefficients"]
    assert faults({"coefficients": [1.5, *neutral[1:53], 2.0, *neutral[54:]]}) == ["coefficients.0", "coefficients.53"]
