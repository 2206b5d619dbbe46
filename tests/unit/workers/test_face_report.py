"""The document of POST /faces: what is said of a face, and the rule of the verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.coefficients import apply_controls
from models.portrait import PortraitEditor, Source
from service.examples import FACES_EXAMPLE
from workers.contract.faces import DetectedFace
from workers.contract.warnings import WarningCode
from workers.face_report import detected_face, verdicts

SMALL, BLURRED = WarningCode.SMALL_FACE, WarningCode.BLURRED_FACE
HIDDEN, EXTREME = WarningCode.HIDDEN_SIDE, WarningCode.EXTREME_POSE


@pytest.mark.parametrize(
    ("codes", "edit", "moved"),
    [
        ([], "good", "good"),
        ([SMALL], "usable", "usable"),
        ([SMALL, BLURRED], "poor", "poor"),
        ([HIDDEN], "good", "usable"),
        ([HIDDEN, EXTREME], "usable", "poor"),
        ([SMALL, BLURRED, HIDDEN, EXTREME], "poor", "poor"),
    ],
)
def test_a_route_suits_a_face_by_the_reasons_against_it(codes: list[WarningCode], edit: str, moved: str) -> None:
    found = verdicts(codes, speaks=True)
    assert (found.edit.verdict, found.reenact.verdict) == (edit, moved)
    assert found.talk == found.reenact
    assert found.reenact.reasons == codes
    assert found.edit.reasons == [code for code in codes if code != HIDDEN]


def test_a_bundle_without_speech_has_no_verdict_on_talk() -> None:
    assert verdicts([], speaks=False).talk is None


@pytest.fixture(scope="module")
def editor() -> PortraitEditor:
    return PortraitEditor.load(device="cpu", threads=1)


@pytest.fixture(scope="module")
def source(editor: PortraitEditor, hopper: np.ndarray) -> Source:
    return editor.analyse(hopper)


def described(editor: PortraitEditor, source: Source) -> DetectedFace:
    return detected_face(0, source, editor.space, speaks=editor.speech is not None)


def near(example: Any, real: Any) -> bool:
    """Whether a document is as the example says, but for what a newer bundle measures a little differently."""
    if isinstance(example, dict):
        return example.keys() == real.keys() and all(near(example[key], real[key]) for key in example)
    if isinstance(example, list):
        return len(example) == len(real) and all(map(near, example, real))
    if isinstance(example, float):
        return bool(abs(example - real) < (0.2 if abs(example) < 1 else 8))
    return bool(example == real)


def test_the_example_is_true(editor: PortraitEditor, source: Source) -> None:
    [example] = FACES_EXAMPLE["faces"]  # type: ignore[misc]
    real = described(editor, source).model_dump(mode="json")
    assert near(example, real), real
    assert not near(example, real | {"turn": 90})


def test_mouth_and_eyes_are_described_as_they_are(editor: PortraitEditor, source: Source) -> None:
    def after(**expression: float) -> DetectedFace:
        motion = apply_controls(editor.space, source.coefficients, mode="absolute", expression=expression)[None]
        return described(editor, editor.analyse(next(editor.render(source, motion))))

    opened, winked = after(jawOpen=0.8), after(eyeBlinkLeft=1)
    assert opened.mouth_open > 0.3 > 0.1 > winked.mouth_open
    assert winked.eyes_closed.left > 0.7 > 0.3 > winked.eyes_closed.right


def test_a_lying_face_is_named_by_its_own_up(editor: PortraitEditor, source: Source, hopper: np.ndarray) -> None:
    upright, lying = (
        described(editor, source),
        described(editor, editor.analyse(np.ascontiguousarray(np.rot90(hopper, -1)))),
    )
    assert (upright.turn, lying.turn) == (0, 90)
    assert lying.pose.roll == pytest.approx(upright.pose.roll, abs=3)
    # Turned clockwise, (x, y) lies at (height - y, x).
    assert lying.points.left_eye == pytest.approx([600 - upright.points.left_eye[1], upright.points.left_eye[0]], abs=3)


@pytest.mark.parametrize(
    ("yaw", "pitch", "edit", "talk"),
    [(10, 0, [], []), (-25, 0, [], [HIDDEN]), (40, 0, [EXTREME], [HIDDEN, EXTREME]), (0, -35, [EXTREME], [EXTREME])],
)
def test_a_turned_head_is_a_reason(
    editor: PortraitEditor, source: Source, yaw: float, pitch: float, edit: list[str], talk: list[str]
) -> None:
    own = source.coefficients.copy()
    own[editor.space.pose_start :][:2] = np.radians([yaw, pitch])
    face = described(editor, replace(source, coefficients=own))
    assert face.warnings == [], "nothing is wrong before it is moved"
    assert (face.pose.yaw, face.pose.pitch) == (yaw, pitch)
    assert face.verdicts.edit.reasons == edit
    assert face.verdicts.talk is not None
    assert face.verdicts.talk.reasons == talk


def test_a_small_blurred_face_is_poor(editor: PortraitEditor, source: Source) -> None:
    x, y = source.face.box[:2]
    bad = replace(source, face=replace(source.face, box=(x, y, x + 40, y + 40)), sharpness=0.01)
    face = described(editor, bad)
    assert (face.size, face.sharpness) == (40, 0.01)
    assert face.warnings == face.verdicts.edit.reasons == [SMALL, BLURRED]
    assert face.verdicts.edit.verdict == "poor"
