"""What the evaluation reads off landmarks, rotations and pictures."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.landmarker import FaceReading
from evaluation.checks import CHECKS, ZERO_EDIT, SliderCheck, Threshold, TurnCheck
from evaluation.measures import eye_opening, face_height, lip_opening, psnr, turn
from evaluation.statistics import summarise
from models.coefficients import ARKIT, apply_controls, rotation_matrix


def face(lips: float, lids: float, rotation: np.ndarray | None = None) -> FaceReading:
    """A face 100 px high, its lips and lids that many pixels apart, its eyes 20 px wide."""
    points = np.zeros((478, 3), np.float32)
    points[152, 1] = 100
    points[14, 1] = lips
    for corner, up, up2, corner2, low2, low in [(33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)]:
        points[[corner, corner2], 0] = 0, 20
        points[[up, up2], :2] = [5, -lids / 2], [15, -lids / 2]
        points[[low, low2], :2] = [5, lids / 2], [15, lids / 2]
    return FaceReading(points, np.zeros(53, np.float32), np.eye(3) if rotation is None else rotation)


def check(name: str) -> SliderCheck | TurnCheck:
    return next(check for check in CHECKS if check.name == name)


def test_openings_are_distances() -> None:
    reading = face(lips=12, lids=6)
    assert face_height(reading) == 100
    assert lip_opening(reading) == 12
    assert eye_opening(reading) == pytest.approx(6 / 20)


def test_slider_checks_compare_before_and_after() -> None:
    before, after = face(lips=2, lids=8), face(lips=11, lids=2)
    assert check("jawOpen +0.6").judged(before, after) == pytest.approx(9)
    assert check("eyeBlink +1").judged(before, after) == pytest.approx(0.25)
    assert not check("jawOpen +0.6").threshold.admits(6.9)
    assert not check("eyeBlink +1").threshold.admits(0.51)


@pytest.mark.parametrize("name", ["yaw +15", "yaw -15", "pitch +15", "pitch -15", "roll +15", "roll -15"])
def test_turns_count_along_the_requested_direction_from_any_pose(name: str) -> None:
    turned = check(name)
    assert isinstance(turned, TurnCheck)
    start = rotation_matrix(0.2, -0.1, 0.15)
    delta = rotation_matrix(
        *(np.radians(12) * np.sign(turned.degrees) * (axis in name) for axis in ("yaw", "pitch", "roll"))
    )
    assert turned.judged(face(0, 1, start), face(0, 1, delta @ start)) == pytest.approx(12)
    assert turned.judged(face(0, 1, delta @ start), face(0, 1, start)) == pytest.approx(-12)
    assert turned.threshold.admits(12)
    assert not turned.threshold.admits(-12)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_perfect_renderer_scores_fully_with_our_extractor(check: SliderCheck | TurnCheck) -> None:
    source = np.zeros(59, np.float32)
    source[53:56] = 0.1, 0.05, -0.1
    requested = check.edit(ARKIT, source)
    assert not np.array_equal(requested, source)
    assert check.extracted(ARKIT, source, requested, requested) == pytest.approx(
        1 if isinstance(check, SliderCheck) else 15, abs=1e-4
    )
    assert check.extracted(ARKIT, source, requested, source) == pytest.approx(0, abs=1e-4)


def test_a_slider_already_at_its_end_says_nothing() -> None:
    shut = apply_controls(ARKIT, np.zeros(59, np.float32), expression={"eyeBlink": 1})
    assert check("eyeBlink +1").extracted(ARKIT, shut, shut, shut) is None


def test_turn_gives_the_rotation_between() -> None:
    start = rotation_matrix(0.3, 0.1, -0.2)
    after = rotation_matrix(*np.radians([10, -5, 20])) @ start
    np.testing.assert_allclose(turn(start, after), [10, -5, 20], atol=1e-9)


def test_psnr_of_a_uniform_step() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(grey, grey) == 100
    assert psnr(grey + np.uint8(1), grey) == pytest.approx(48.13, abs=0.01)
    assert ZERO_EDIT.admits(30)


def test_thresholds_say_what_they_admit() -> None:
    assert [str(threshold) for threshold in (Threshold(low=7), Threshold(high=0.5), Threshold(7, 20))] == [
        "≥ 7",
        "≤ 0.5",
        "7 to 20",
    ]


def test_summaries_bracket_the_mean_and_weigh() -> None:
    values = np.random.default_rng(0).normal(3, 1, 200).tolist()
    summary = summarise(values)
    assert summary.low is not None
    assert summary.high is not None
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.low < 3.1
    assert summary.high > 2.9
    assert 0.2 < summary.high - summary.low < 0.36  # 2 · 1.96 / sqrt(200) is 0.28
    assert summarise([1, 4], weights=[3, 1]).mean == pytest.approx(1.75)
    assert str(summarise([])) == "–"
