from typing import Any

import pytest

from workers.contract.invalid_request import InvalidRequestError
from workers.contract.kinds.edit import EditFields
from workers.contract.validation import parse


@pytest.mark.parametrize(
    ("document", "field", "hint"),
    [
        ({"controls": {"expression": {"jawOpen": float("nan")}}}, "controls.expression.jawOpen", "finite"),
        ({"controls": {"expression": {"jawOpen": float("inf")}}}, "controls.expression.jawOpen", "finite"),
        ({"controls": {"expression": {"jawOpen": 1.5}}}, "controls.expression.jawOpen", "less than or equal to 1"),
        ({"controls": {"expression": {"jawOpen": True}}}, "controls.expression.jawOpen", "number"),
        ({"controls": {"expression": {"jawOpen": "1"}}}, "controls.expression.jawOpen", "number"),
        ({"controls": {"pose": {"yaw": 46}}}, "controls.pose.yaw", "45"),
        ({"controls": {"pose": {"jaw": 1}}}, "controls.pose.jaw", "unknown key"),
        ({"controls": {"coefficients": [0.0, float("nan")]}}, "controls.coefficients.1", "finite"),
        ({"controls": {"keyframes": [{"expression": {}}]}}, "controls.keyframes.0.time", "required"),
        ({"controls": {"keyframes": [{"time": 1}, {"time": 1}]}}, "controls.keyframes", "rising"),
        ({"controls": {"mode": "relativ"}}, "controls.mode", "'relative' or 'absolute'"),
        ({"controls": []}, "controls", "dictionary"),
        ({"options": {"face": "smallest"}}, "options.face", "'largest'"),
        ({"options": {"face": None}}, "options.face", "'largest'"),
        ({"options": {"output": {"size": 1}}}, "options.output.size", "64"),
        ({"options": {"output": {"format": "mp4"}}}, "options.output.format", "png"),
    ],
)
def test_wrong_fields_are_named_with_what_to_change(document: dict[str, Any], field: str, hint: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse(EditFields, document)
    assert [error.field for error in caught.value.errors] == [field]
    assert hint in caught.value.errors[0].message


def test_all_wrong_fields_are_named_at_once() -> None:
    document = {"controls": {"mode": "x", "pose": {"yaw": 99}}, "options": {"label": "yes"}}
    with pytest.raises(InvalidRequestError) as caught:
        parse(EditFields, document)
    assert {error.field for error in caught.value.errors} == {"controls.mode", "controls.pose.yaw", "options.label"}
    assert all(error.field in str(caught.value) for error in caught.value.errors)
