"""Lists of faces in requests."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from models import portrait
from workers.contract.kinds.edit import EditFields
from workers.contract.kinds.faces_of_photo import MOST_FACES
from workers.contract.kinds.reenact import ReenactFields
from workers.contract.kinds.strict import Strict

SMILE = {"expression": {"mouthSmile": 0.5}}
KEYFRAMES = {"keyframes": [{"time": 0}, {"time": 1, "expression": {"jawOpen": 1}}]}
EDIT: tuple[type[Strict], dict[str, Any]] = (EditFields, {})
REENACT: tuple[type[Strict], dict[str, Any]] = (ReenactFields, {"driver_kind": "video"})


@pytest.mark.parametrize(("fields", "rest"), [EDIT, REENACT])
@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ({"controls": SMILE}, "leave out controls"),
        ({"options": {"face": 1}}, "leave out controls and options.face"),
        ({"options": {"paste_back": False}}, "within their photo"),
        ({"faces": [{"face": 1}, {"face": 1}]}, "twice"),
        ({"faces": [{"face": -1}]}, "greater than or equal"),
        ({"faces": [{"face": 0}] * 40}, "at most 32"),
        ({"faces": [{"face": 0, "smile": 1}]}, "Extra inputs"),
    ],
)
def test_a_list_of_faces_has_to_fit(
    fields: type[Strict], rest: dict[str, Any], beside: dict[str, Any], message: str
) -> None:
    fields.model_validate({"faces": [{"face": 0}, {"face": 1}], **rest})
    with pytest.raises(ValidationError, match=message):
        fields.model_validate({"faces": [{"face": 0}, {"face": 1}], **rest, **beside})


def test_one_face_with_keyframes_makes_a_clip_of_all() -> None:
    edit = EditFields.model_validate({"faces": [{"face": 0, "controls": SMILE}, {"face": 1, "controls": KEYFRAMES}]})
    assert edit.is_clip
    assert edit.output.format == "mp4"
    with pytest.raises(ValidationError, match="keyframes make a clip"):
        EditFields.model_validate(
            {"faces": [{"face": 0, "controls": KEYFRAMES}], "options": {"output": {"format": "png"}}}
        )


def test_a_video_has_one_face_that_is_moved() -> None:
    with pytest.raises(ValidationError, match="are of a photo"):
        ReenactFields.model_validate({"faces": [{"face": 0}], "driver_kind": "video", "source_kind": "video"})


def test_as_many_faces_may_be_named_as_are_read() -> None:
    assert MOST_FACES == portrait.MOST_FACES


def test_drivers_of_single_faces_are_files_by_their_ids() -> None:
    fields = ReenactFields.model_validate(
        {"faces": [{"face": 0}, {"face": 1, "driver_id": "abc"}], "driver_kind": "video"}
    )
    assert fields.named_files() == {"faces.1.driver_id": ("abc", ("picture", "video", "motion"))}
