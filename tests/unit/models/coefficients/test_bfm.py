"""The bfm space: exact both ways to the authors' numbers, and at home in controls, transfer and documents."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from models.coefficients import ARKIT, BFM, Transfer, apply_controls, space, transfer
from models.coefficients.bfm import from_pirender, pirender_vector
from models.coefficients.document import Motion, motion_document, motion_npz, names, read_motion
from models.errors import ControlError


def pirender_vectors(count: int = 5, seed: int = 0) -> np.ndarray:
    """Vectors as the official extractor writes them, [count, 73]."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.normal(0, 1, (count, 64)),
        rng.uniform(-0.7, 0.7, (count, 3)),
        rng.normal(0, 0.05, (count, 3)),
        rng.uniform(0.8, 1.3, (count, 1)),
        rng.uniform(110, 146, (count, 2)),
    ]
    return np.concatenate(parts, -1).astype(np.float32)


def test_the_authors_vector_survives_the_way_here_and_back() -> None:
    vectors = pirender_vectors(50)
    np.testing.assert_allclose(pirender_vector(from_pirender(vectors)), vectors, atol=2e-5)
    assert space("bfm") is BFM
    assert BFM.size == from_pirender(vectors).shape[-1] == 73


@pytest.mark.parametrize(
    ("index", "value", "axis", "expected"),
    [
        (64, -0.3, 1, 0.3),  # the first angle turns about x: negative lifts the nose
        (65, 0.3, 0, 0.3),  # the second about y: positive turns it to the picture's right
        (66, -0.3, 2, 0.3),  # the third about z: negative tilts clockwise
        (70, 2.0, 5, -math.log(2)),  # the crop's scale: twice the scale for half the head
        (71, 127.5 + 64, 3, 0.25),
        (72, 127.5 + 64, 4, -0.25),  # upwards there, downwards here
    ],
)
def test_every_number_has_its_place(index: int, value: float, axis: int, expected: float) -> None:
    vector = np.zeros(73, np.float32)
    vector[70:] = 1, 127.5, 127.5
    vector[index] = value
    pose = from_pirender(vector)[-6:]
    wanted = np.zeros(6)
    wanted[axis] = expected
    np.testing.assert_allclose(pose, wanted, atol=1e-6)


def test_rotations_compose_as_the_authors_do() -> None:
    a, b, c = 0.3, -0.4, 0.2
    vector = np.zeros(73, np.float32)
    vector[64:67], vector[70] = (a, b, c), 1
    yaw, pitch, roll = from_pirender(vector)[-6:-3]
    from models.coefficients import rotation_matrix

    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    np.testing.assert_allclose(rotation_matrix(yaw, pitch, roll), z @ y @ x, atol=1e-6)


def test_the_document_shows_axes_pose_and_presets() -> None:
    document = json.loads(json.dumps(BFM.document()))
    assert [slider["name"] for slider in document["expression"]] == [f"exp_{i}" for i in range(64)]
    assert document["coefficients"] == len(BFM.limits) == 73
    assert [axis["name"] for axis in document["pose"]] == ["yaw", "pitch", "roll", "x", "y", "zoom"]
    for preset in document["presets"].values():
        apply_controls(BFM, from_pirender(pirender_vectors(1))[0], **preset)


def test_sliders_go_both_ways_and_do_not_clip_what_a_face_shows() -> None:
    source = from_pirender(pirender_vectors(1))[0]
    source[3] = 4.0
    edited = apply_controls(BFM, source, expression={"exp_3": -1.0, "exp_4": 0.5}, pose={"yaw": 10})
    assert edited[3] == pytest.approx(3.0)
    assert edited[4] == pytest.approx(source[4] + 0.5)
    np.testing.assert_array_equal(edited[5:67], source[5:67])
    assert apply_controls(BFM, source, mode="absolute", expression={"exp_3": -0.7})[3] == pytest.approx(-0.7)
    raw = [float(value) for value in source]
    np.testing.assert_allclose(apply_controls(BFM, source, coefficients=raw), source)
    with pytest.raises(ControlError, match="translation_y"):
        apply_controls(BFM, source, coefficients=[*raw[:65], 99.0, *raw[66:]])


def test_crop_normalisation_is_the_authors_rule() -> None:
    """The driving crop's scale times source scale / scale of the most source-like frame (PIRenderer's inference)."""
    source, driving = pirender_vectors(1)[0], pirender_vectors(6, seed=1)
    own, track = from_pirender(source), from_pirender(driving)
    moved = transfer(BFM, own, track, Transfer("absolute", normalise_crop=True))
    expression = np.abs(driving[:, :64] - source[:64]).mean(1)
    angle = np.abs(track[:, 67:70] - own[67:70]).mean(1)
    nearest = int(np.argmin(0.3 * expression + 0.7 * angle))
    wanted = driving[:, 70] * source[70] / driving[nearest, 70]
    result = pirender_vector(moved)
    np.testing.assert_allclose(result[:, 70], np.clip(wanted, 1 / 1.4, 1 / 0.7), rtol=1e-5)
    np.testing.assert_allclose(result[:, :64], driving[:, :64], atol=1e-6)
    np.testing.assert_allclose(result[:, 67:70], driving[:, 67:70], atol=1e-6)


def test_translation_follows_the_driver_or_stays() -> None:
    own, track = from_pirender(pirender_vectors(1)[0]), from_pirender(pirender_vectors(4, seed=1))
    still = transfer(BFM, own, track, Transfer(region="expression"))
    np.testing.assert_array_equal(still[:, 64:], np.repeat(own[None, 64:], 4, 0))
    relative = transfer(BFM, own, track, Transfer())
    np.testing.assert_allclose(np.diff(relative[:, 64:67], axis=0), np.diff(track[:, 64:67], axis=0), atol=1e-6)


@pytest.mark.parametrize("parameters", [Transfer(region="mouth"), Transfer(gains={"eyes": 0.5})])
def test_parts_that_no_axis_tells_apart_are_refused(parameters: Transfer) -> None:
    own, track = from_pirender(pirender_vectors(1)[0]), from_pirender(pirender_vectors(2))
    with pytest.raises(ControlError, match="bfm"):
        transfer(BFM, own, track, parameters)


def test_documents_carry_all_73_numbers() -> None:
    track = from_pirender(pirender_vectors(3))
    motion = Motion(BFM, np.arange(3) / 25, 25.0, track)
    document = motion_document(motion)
    assert document["names"][64:] == [
        *("translation_x", "translation_y", "translation_z"),
        *("yaw", "pitch", "roll", "x", "y", "log zoom"),
    ]
    assert len(names(BFM)) == 73
    np.testing.assert_allclose(read_motion(json.dumps(document).encode(), BFM).coefficients, track, atol=1e-6)
    np.testing.assert_array_equal(read_motion(motion_npz(motion), BFM).coefficients, track)
    for frame in document["frames"]:
        del frame["coefficients"]
    np.testing.assert_allclose(read_motion(json.dumps(document).encode(), BFM).coefficients, track, atol=1e-5)


def test_the_default_space_goes_to_the_networks_as_it_is() -> None:
    vector = np.arange(59, dtype=np.float32)
    assert ARKIT.network_vector(vector) is vector
