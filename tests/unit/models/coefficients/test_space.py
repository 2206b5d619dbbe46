"""The arkit space: names, order, shorthands, mirror, document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from models.coefficients import ARKIT, apply_controls, space
from models.errors import SpaceError

MODEL_CARD = Path(__file__).parents[4] / "MODEL_CARD.md"


def test_the_space_is_found_by_name() -> None:
    assert space("arkit") is ARKIT
    with pytest.raises(SpaceError, match="arkit"):
        space("bfm2")


def test_order_is_ict_facekits() -> None:
    names = [slider.name for slider in ARKIT.expression]
    assert len(names) == len(set(names)) == 53
    assert [slider.index for slider in ARKIT.expression] == list(range(53))
    assert names[:4] == ["browDownLeft", "browDownRight", "browInnerUpLeft", "browInnerUpRight"]
    assert names[24:29] == ["jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose"]
    assert names[-1] == "noseSneerRight"
    assert names == sorted(names)  # ICT-FaceKit's order is the alphabet's
    assert "tongueOut" not in names


def test_sides_are_sides_and_directions_are_not() -> None:
    assert ARKIT.shorthands["mouthSmile"] == ("mouthSmileLeft", "mouthSmileRight")
    assert len(ARKIT.shorthands) == 20
    sides = {slider.name: slider.side for slider in ARKIT.expression}
    assert sides["eyeBlinkLeft"] == "left"
    assert sides["jawLeft"] is sides["mouthRight"] is None


def test_weakly_observed_sliders_are_those_of_the_model_card() -> None:
    weak = {
        slider.name.removesuffix("Left").removesuffix("Right") for slider in ARKIT.expression if slider.weakly_observed
    }
    [line] = [
        line
        for line in MODEL_CARD.read_text(encoding="utf-8").splitlines()
        if "hardly occur in the photographs" in line
    ]
    assert weak == set(re.findall(r"`(\w+)`", line))
    for name in weak & ARKIT.shorthands.keys():
        sides = [slider.weakly_observed for slider in ARKIT.expression if slider.name in ARKIT.shorthands[name]]
        assert sides == [True, True]


def test_mirror_swaps_sides_and_turns_the_head_round() -> None:
    coefficients = np.zeros(59, np.float32)
    index = ARKIT.index
    coefficients[index["mouthSmileLeft"]] = 0.7
    coefficients[index["jawRight"]] = 0.2
    coefficients[index["jawOpen"]] = 0.5
    coefficients[53:] = 0.1, 0.2, 0.3, 0.04, 0.05, 0.06
    mirrored = ARKIT.mirror(coefficients)
    assert mirrored[index["mouthSmileRight"]] == coefficients[index["mouthSmileLeft"]]
    assert mirrored[index["mouthSmileLeft"]] == 0
    assert mirrored[index["jawLeft"]] == coefficients[index["jawRight"]]
    assert mirrored[index["jawOpen"]] == coefficients[index["jawOpen"]]
    np.testing.assert_allclose(mirrored[53:], [-0.1, 0.2, -0.3, -0.04, 0.05, 0.06], rtol=1e-6)
    batch = np.stack([coefficients, mirrored])
    np.testing.assert_array_equal(ARKIT.mirror(ARKIT.mirror(batch)), batch)


def test_document_is_json_with_the_contracts_keys() -> None:
    document = json.loads(json.dumps(ARKIT.document()))
    assert set(document) == {"space", "coefficients", "expression", "shorthands", "pose", "presets"}
    assert document["coefficients"] == 59
    keys = {"name", "index", "group", "side", "min", "max", "description", "weakly_observed"}
    assert all(set(slider) == keys for slider in document["expression"])
    assert {slider["group"] for slider in document["expression"]} == {"brows", "cheeks", "eyes", "jaw", "mouth", "nose"}


@pytest.mark.parametrize("preset", ARKIT.presets)
def test_presets_are_controls_that_change_a_face(preset: str) -> None:
    source = np.full(59, 0.05, np.float32)
    edited = apply_controls(ARKIT, source, **ARKIT.presets[preset])  # type: ignore[arg-type]
    assert np.abs(edited - source).max() >= 0.04


def test_neutral_clears_every_expression_and_keeps_the_pose() -> None:
    source = np.full(59, 0.3, np.float32)
    edited = apply_controls(ARKIT, source, **ARKIT.presets["neutral"])  # type: ignore[arg-type]
    assert not edited[:53].any()
    np.testing.assert_array_equal(edited[53:], source[53:])
