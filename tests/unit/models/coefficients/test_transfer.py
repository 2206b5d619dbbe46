"""A driver's motion on a source's face."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.coefficients import ARKIT, Transfer, euler_angles, rotation_matrix, transfer
from models.coefficients.transfer import most_like
from models.errors import ControlError

JAW, BLINK, BROW, CHEEK, CLOSE = (
    ARKIT.index[name] for name in ("jawOpen", "eyeBlinkLeft", "browInnerUpLeft", "cheekPuffLeft", "mouthClose")
)
YAW, PITCH, ROLL, X, Y, ZOOM = range(53, 59)


def vector(**values: float) -> np.ndarray:
    """Coefficients [59], all zero but those named; pose names as indices' names."""
    pose = {"yaw": YAW, "pitch": PITCH, "roll": ROLL, "x": X, "y": Y, "zoom": ZOOM}
    result = np.zeros(59, np.float32)
    for name, value in values.items():
        result[pose.get(name, ARKIT.index.get(name, -1))] = value
    return result


def put(source: np.ndarray, *driving: np.ndarray, **parameters: object) -> np.ndarray:
    return transfer(ARKIT, source, np.stack(driving), Transfer(**parameters))  # type: ignore[arg-type]


def test_the_reference_is_the_most_source_like_frame() -> None:
    source = vector(yaw=0.2, jawOpen=0.1)
    driving = np.stack([vector(yaw=-0.2), vector(yaw=0.2, jawOpen=0.9), vector(yaw=0.21, jawOpen=0.1)])
    assert most_like(ARKIT, source, driving) == 2
    # 0.7 · 0.01 / 3 by angle is less than 0.3 · 0.8 / 53 by expression; a wider turn is not
    driving[2, YAW] = 0.25
    assert most_like(ARKIT, source, driving) == 1


def test_angles_are_compared_around_the_circle() -> None:
    source = vector(roll=3.1)
    assert most_like(ARKIT, source, np.stack([vector(roll=2.5), vector(roll=-3.1)])) == 1


def test_relative_motion_starts_from_the_source_and_adds_changes() -> None:
    source = vector(jawOpen=0.2, eyeBlinkLeft=0.3, x=0.05)
    motion = put(source, vector(jawOpen=0.1), vector(jawOpen=0.6, eyeBlinkLeft=0.4))
    assert motion.dtype == np.float32
    assert motion[0] == pytest.approx(source, abs=1e-6), "the reference frame shows the source as it is"
    assert motion[1, [JAW, BLINK]] == pytest.approx([0.7, 0.7])


def test_absolute_motion_is_the_drivers_own() -> None:
    source, driver = vector(jawOpen=0.9, yaw=0.3), vector(jawOpen=0.4, yaw=-0.2, pitch=0.1)
    motion = put(source, driver, vector(), mode="absolute")
    assert motion[0, [JAW, YAW, PITCH]] == pytest.approx([0.4, -0.2, 0.1], abs=1e-6)


def test_rotations_compose_as_rotations() -> None:
    source, reference, driven = vector(yaw=0.3, roll=0.2), vector(yaw=0.3, roll=0.2), vector(yaw=-0.3, pitch=0.2)
    motion = put(source, reference, driven)
    assert motion[1, YAW:X] == pytest.approx(driven[YAW:X], abs=1e-6), "a driver posed like the source ends alike"
    tilted = vector(roll=0.6)
    motion = put(tilted, vector(), vector(yaw=0.4))
    expected = rotation_matrix(0.4, 0, 0) @ rotation_matrix(0, 0, 0.6)
    assert motion[1, YAW:X] == pytest.approx(np.stack(euler_angles(expected)), abs=1e-6)


@pytest.mark.parametrize("gain", [0.0, 0.5, 2.0])
def test_a_rotation_gain_goes_that_far_along_the_turn(gain: float) -> None:
    motion = put(vector(), vector(), vector(yaw=0.3), gains={"pose": gain})
    assert motion[1, YAW:X] == pytest.approx([0.3 * gain, 0, 0], abs=1e-6)


def test_gains_multiply_and_reach_their_own_groups() -> None:
    gains = {"expression": 0.5, "mouth": 2.0, "eyes": 0.0}
    driven = vector(jawOpen=0.4, eyeBlinkLeft=0.8, browInnerUpLeft=0.6, cheekPuffLeft=0.6)
    motion = put(vector(), vector(), driven, gains=gains)
    assert motion[1, [JAW, BLINK, BROW, CHEEK]] == pytest.approx([0.4, 0.0, 0.0, 0.3])


def test_translation_is_measured_in_head_sizes() -> None:
    source = vector(x=0.1, y=-0.1, zoom=math.log(1.2))  # a head 1.2 times as large in its crop
    start, moved = vector(x=-0.05, zoom=math.log(0.8)), vector(x=0.05, y=0.1, zoom=math.log(0.88))
    motion = put(source, start, moved)
    assert motion[0, X:] == pytest.approx(source[X:], abs=1e-6)
    assert motion[1, X:] == pytest.approx([0.1 + 0.1 * 1.5, -0.1 + 0.1 * 1.5, math.log(1.2 * 1.1)], abs=1e-6)
    plain = put(source, start, moved, normalise_crop=False)
    assert plain[1, X:Y] == pytest.approx(0.2, abs=1e-6)
    still = put(source, start, moved, gains={"translation": 0.0})
    assert still[1, X:] == pytest.approx(source[X:], abs=1e-6)


def test_absolute_places_only_without_crop_normalisation() -> None:
    source, driver = vector(x=0.1, zoom=0.2), vector(x=-0.2, zoom=-0.1)
    assert put(source, driver, mode="absolute", normalise_crop=False)[0, [X, ZOOM]] == pytest.approx([-0.2, -0.1])
    assert put(source, driver, mode="absolute")[0, [X, ZOOM]] == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("region", "changed"),
    [
        ("all", {JAW, BLINK, BROW, CHEEK, YAW, X}),
        ("expression", {JAW, BLINK, BROW, CHEEK}),
        ("pose", {YAW, X}),
        ("mouth", {JAW}),
        ("eyes", {BLINK, BROW}),
    ],
)
def test_a_region_keeps_the_rest_the_sources_own(region: str, changed: set[int]) -> None:
    source = vector(jawOpen=0.1, eyeBlinkLeft=0.1, yaw=0.05)
    driven = source + vector(jawOpen=0.3, eyeBlinkLeft=0.3, browInnerUpLeft=0.3, cheekPuffLeft=0.3, yaw=0.2, x=0.1)
    motion = put(source, source, driven, region=region)
    assert set(np.flatnonzero(np.abs(motion[1] - source) > 0.01)) == changed


def test_the_result_is_constrained_like_an_edit() -> None:
    driven = vector(jawOpen=0.2, mouthClose=0.9, eyeBlinkLeft=0.9, yaw=1.5, x=3.0, zoom=2.0)
    motion = put(vector(eyeBlinkLeft=0.5), vector(), driven)[1]
    assert motion[BLINK] == 1
    assert motion[CLOSE] <= motion[JAW] + 1e-6
    assert np.degrees(motion[YAW]) == pytest.approx(45)
    assert motion[[X, ZOOM]] == pytest.approx([0.5, math.log(1.4)])


def test_a_source_beyond_the_sliders_keeps_its_pose() -> None:
    source = vector(yaw=1.0)
    assert put(source, vector(), vector(jawOpen=0.2))[:, YAW] == pytest.approx([1.0, 1.0])


def test_a_still_driver_is_taken_as_absolute() -> None:
    assert put(vector(), vector(jawOpen=0.7, yaw=0.2))[0, [JAW, YAW]] == pytest.approx([0.7, 0.2])


def test_a_source_in_motion_keeps_it_and_gets_the_drivers_change_on_top() -> None:
    own = np.stack([vector(jawOpen=0.1, yaw=0.1, x=0.1), vector(jawOpen=0.3, yaw=0.2, x=0.2)] * 2)
    driving = np.stack([vector(jawOpen=0.1), vector(jawOpen=0.1), vector(jawOpen=0.4, yaw=0.3), vector(x=0.1)])
    motion = transfer(ARKIT, own, driving, Transfer())
    turned = rotation_matrix(0.3, 0, 0) @ rotation_matrix(0.1, 0, 0)
    assert motion[:, JAW] == pytest.approx([0.1, 0.3, 0.4, 0.2], abs=1e-6)
    assert motion[2, YAW:X] == pytest.approx(np.stack(euler_angles(turned)), abs=1e-6)
    assert motion[:, X] == pytest.approx([0.1, 0.2, 0.1, 0.3], abs=1e-6)
    replaced = transfer(ARKIT, own, driving, Transfer(mode="absolute"))
    assert replaced[:, [JAW, YAW]] == pytest.approx(driving[:, [JAW, YAW]], abs=1e-6)
    mouth = transfer(ARKIT, own, driving, Transfer(region="mouth"))
    assert mouth[:, YAW:] == pytest.approx(own[:, YAW:]), "what does not move keeps its own motion"


def test_the_driver_is_compared_with_what_a_source_in_motion_shows_mostly() -> None:
    own = np.stack([vector(jawOpen=0.9), vector(), vector()])
    driving = np.stack([vector(jawOpen=0.9), vector(jawOpen=0.5), vector()])
    assert transfer(ARKIT, own, driving, Transfer())[:, JAW] == pytest.approx([1.0, 0.5, 0.0])


def test_a_still_edits_every_frame_of_a_source_in_motion() -> None:
    own = np.stack([vector(jawOpen=0.1, yaw=0.1, x=0.1), vector(jawOpen=0.3, yaw=-0.1, zoom=0.1)])
    still = vector(eyeBlinkLeft=0.6, jawOpen=0.2, yaw=0.2, x=0.3)[None]
    motion = transfer(ARKIT, own, still, Transfer())
    assert motion[:, JAW] == pytest.approx([0.3, 0.5])
    assert motion[:, BLINK] == pytest.approx([0.6, 0.6])
    assert motion[:, YAW] == pytest.approx([0.3, 0.1], abs=1e-6)
    assert motion[:, X:] == pytest.approx(own[:, X:], abs=1e-6), "a still says nothing of where the head is"
    frozen = transfer(ARKIT, own, still, Transfer(mode="absolute"))
    assert frozen[:, [JAW, YAW]] == pytest.approx(np.array([[0.2, 0.2]] * 2), abs=1e-6)


def test_a_source_and_a_driver_of_other_lengths_are_refused() -> None:
    with pytest.raises(ControlError, match="fit"):
        transfer(ARKIT, np.zeros((3, 59), np.float32), np.zeros((2, 59), np.float32), Transfer())


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"gains": {"expression": 2.1}}, "options.gains.expression"),
        ({"gains": {"pose": math.nan}}, "options.gains.pose"),
        ({"gains": {"ears": 1.0}}, "options.gains.ears"),
        ({"mode": "sideways"}, "options.mode"),
        ({"region": "ears"}, "options.region"),
    ],
)
def test_parameters_out_of_range_name_their_field(parameters: dict[str, object], field: str) -> None:
    with pytest.raises(ControlError) as caught:
        Transfer(**parameters)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize("driving", [np.zeros((0, 59)), np.zeros((2, 58)), np.full((2, 59), np.nan), np.zeros(59)])
def test_motions_that_cannot_drive_are_refused(driving: np.ndarray) -> None:
    with pytest.raises(ControlError):
        transfer(ARKIT, vector(), driving.astype(np.float32), Transfer())


def test_a_constant_smile_is_no_change_unless_a_neutral_face_is_the_reference() -> None:
    driving = [vector(jawOpen=0.5, yaw=0.1), vector(jawOpen=0.6, yaw=0.2)]
    source = vector(jawOpen=0.1)
    assert put(source, *driving)[:, JAW] == pytest.approx([0.1, 0.2], abs=1e-6)
    neutral = put(source, *driving, reference="neutral")
    assert neutral[:, JAW] == pytest.approx([0.6, 0.7], abs=1e-6)
    assert neutral[:, YAW] == pytest.approx([0.1, 0.2], abs=1e-6)


def test_a_frame_may_be_named_as_the_reference() -> None:
    driving = [vector(jawOpen=0.5), vector(jawOpen=0.2), vector(jawOpen=0.6)]
    source = vector(jawOpen=0.3)
    assert put(source, *driving, reference="first")[:, JAW] == pytest.approx([0.3, 0, 0.4], abs=1e-6)
    assert put(source, *driving, reference=1)[:, JAW] == pytest.approx([0.6, 0.3, 0.7], abs=1e-6)
    with pytest.raises(ControlError, match="0 to 2"):
        put(source, *driving, reference=3)


def test_one_frame_is_added_to_a_still_where_a_neutral_face_is_the_reference() -> None:
    source, smile = vector(jawOpen=0.2), vector(jawOpen=0.3)
    assert put(source, smile)[0, JAW] == pytest.approx(0.3), "copied"
    assert put(source, smile, reference="neutral")[0, JAW] == pytest.approx(0.5)
