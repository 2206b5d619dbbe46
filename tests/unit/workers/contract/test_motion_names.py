"""Names of motions: none is like an upload's id, and none is a shipped motion's."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from workers.contract.motion_names import MotionName, is_motion_name
from workers.contract.motion_templates import MOTION_TEMPLATES

NAME = TypeAdapter(MotionName)


@pytest.mark.parametrize("name", ["a", "my-wave-2", "a" * 40])
def test_a_name_is_short_and_plain(name: str) -> None:
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize("name", ["", "Wave", "2nd", "-a", "a b", "a/b", "é", "a" * 41, "a" * 64, "wave\n"])
def test_anything_else_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(ValidationError, match="1 to 40 of a-z"):
        NAME.validate_python(name)


@pytest.mark.parametrize("name", MOTION_TEMPLATES)
def test_names_of_shipped_motions_cannot_be_taken(name: str) -> None:
    assert is_motion_name(name)
    with pytest.raises(ValidationError, match="ships with the service"):
        NAME.validate_python(name)
