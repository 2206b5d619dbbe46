"""What a job warns of, and that an honest request is not warned of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from models.coefficients import ARKIT, apply_controls
from models.portrait import PortraitEditor, Source
from workers.source_warnings import motion_warnings, portrait_warnings, video_warnings


@pytest.fixture(scope="module")
def editor() -> PortraitEditor:
    return PortraitEditor.load(device="cpu", threads=1)


def codes(source: Source, face: int | str = "largest") -> list[str]:
    return [str(warning.code) for warning in portrait_warnings(source, face)]  # type: ignore[arg-type]


@pytest.mark.parametrize("portrait", ["astronaut", "hopper"])
def test_a_good_photo_is_no_trouble(editor: PortraitEditor, portrait: str, request: pytest.FixtureRequest) -> None:
    image = request.getfixturevalue(portrait)
    assert codes(editor.analyse(image)) == []
    grey = np.repeat(image.mean(-1, keepdims=True).astype(np.uint8), 3, 2)
    assert codes(editor.analyse(grey)) == []


def test_several_faces_are_reported_unless_one_was_chosen(editor: PortraitEditor, astronaut: np.ndarray) -> None:
    source = editor.analyse(np.concatenate([astronaut, astronaut], 1))
    assert source.faces == 2
    assert codes(source) == ["several_faces"]
    assert codes(source, 0) == []


def test_small_and_blurred_faces_are_reported(editor: PortraitEditor, astronaut: np.ndarray) -> None:
    photo = Image.fromarray(astronaut)
    assert codes(editor.analyse(np.asarray(photo.resize((220, 220))))) == ["small_face"]
    blurred = photo.filter(ImageFilter.GaussianBlur(2.5))
    assert codes(editor.analyse(np.asarray(blurred))) == ["blurred_face"]


def warnings_of(own_yaw: float, **pose: float) -> list[str]:
    own = np.zeros(59, np.float32)
    own[53] = np.radians(own_yaw)
    motion = apply_controls(ARKIT, own, pose=pose)[None]
    return [str(warning.code) for warning in motion_warnings(ARKIT, own, motion)]


@pytest.mark.parametrize(
    ("own", "pose", "expected"),
    [
        (0, {"yaw": 20}, []),
        (30, {"yaw": -30}, ["hidden_side"]),
        (-30, {"yaw": 40}, ["hidden_side"]),
        (30, {"yaw": -8}, []),
        (30, {"yaw": 15}, ["extreme_pose"]),
        (40, {}, []),
        (0, {"pitch": 29}, []),
        (0, {"yaw": -40}, ["extreme_pose"]),
    ],
)
def test_a_turn_beyond_what_the_picture_shows_is_reported(
    own: float, pose: dict[str, float], expected: list[str]
) -> None:
    assert warnings_of(own, **pose) == expected


def test_a_source_in_motion_is_compared_frame_by_frame() -> None:
    own = np.zeros((3, 59), np.float32)
    own[:, 53] = np.radians([30, 0, -30])
    assert list(motion_warnings(ARKIT, own, own)) == []
    assert [str(w.code) for w in motion_warnings(ARKIT, own, np.zeros_like(own))] == ["hidden_side"]


def test_the_message_tells_the_numbers(editor: PortraitEditor, astronaut: np.ndarray) -> None:
    source = replace(editor.analyse(astronaut), faces=3)
    [warning] = portrait_warnings(source, "largest")
    assert "3 faces" in warning.message
    assert "options.face" in warning.message
    [driver] = portrait_warnings(source, "largest", "driver")
    assert "options.face" not in driver.message


def test_a_videos_holes_cuts_and_damage_are_reported() -> None:
    assert list(video_warnings("video", 0, 0, 0)) == []
    warnings = {str(w.code): w.message for w in video_warnings("source video", 4, 1, 7)}
    assert list(warnings) == ["frames_without_face", "cuts", "frames_missing"]
    assert "source video: 4 " in warnings["frames_without_face"]
