"""Faces in any orientation: found, placed, followed and edited as they lie in the picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.coefficients import apply_controls
from models.extractor import Crop, Extractor, FaceTracker, square_crop
from models.extractor.crop import turned_back
from models.extractor.tracker import in_square
from models.portrait import PortraitEditor

TURNS = (1, 2, 3)


def tilt(points: np.ndarray) -> float:
    """Degrees clockwise from upright in the picture, of a face's five points."""
    x, y = points[:2].mean(0) - points[3:].mean(0)
    return float(np.degrees(np.arctan2(x, -y)))


def apart(first: float, second: float) -> float:
    return abs((first - second + 180) % 360 - 180)


def tilted(image: np.ndarray, degrees: float) -> np.ndarray:
    """The picture turned clockwise about its middle; what lies outside is mirrored in."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.slow
@pytest.mark.parametrize("degrees", range(0, 360, 30))
@pytest.mark.parametrize("portrait", ["astronaut", "hopper"])
def test_a_turned_photo_shows_its_face_in_its_orientation(
    extractor: Extractor, portrait: str, degrees: int, request: pytest.FixtureRequest
) -> None:
    image = request.getfixturevalue(portrait)
    own = tilt(extractor.detect(image)[0].points)
    [face] = extractor.detect(tilted(image, degrees))
    assert apart(tilt(face.points), own + degrees) < 8
    assert abs(face.roll) < 50, "the nearest quarter turn leaves less than this"


def test_an_upright_photo_is_searched_once(
    extractor: Extractor, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = []
    search = Extractor._search
    monkeypatch.setattr(
        Extractor, "_search", lambda self, image, turn, every: searched.append(turn) or search(self, image, turn, every)
    )
    assert extractor.detect(astronaut)[0].turn == 0
    assert searched == [0]
    extractor.detect(np.rot90(astronaut))
    assert searched == [0, 0, 1, 2, 3]


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_crop_shows_the_square_upright(turn: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    square = Crop(20, 30, 40, turn)
    cut = square.cut(image, 40)
    assert np.array_equal(cut, np.rot90(image[30:70, 20:60], turn))
    assert np.array_equal(square.put_back(cut), image[30:70, 20:60])
    points = np.array([[4.5, 8.5], [20, 20], [40, 0]]) / 40
    placed = square.to_picture(points)
    assert square.from_picture(placed) == pytest.approx(points)
    column, row = (points[0] * 40).astype(int)
    assert np.array_equal(cut[row, column], image[int(placed[0, 1]), int(placed[0, 0])])


@pytest.mark.parametrize("turn", TURNS)
def test_points_find_their_way_back_from_a_turned_picture(turn: int) -> None:
    image = np.zeros((30, 50))
    image[7, 12] = 1
    [[row, column]] = np.argwhere(np.rot90(image, turn))
    assert turned_back(np.array([column + 0.5, row + 0.5]), (50, 30), turn) == pytest.approx([12.5, 7.5])


@pytest.mark.parametrize("turn", TURNS)
def test_the_crop_is_lifted_to_where_the_forehead_is(turn: int) -> None:
    upright = square_crop((100, 100, 200, 200))
    turned = square_crop((100, 100, 200, 200), turn)
    middle = np.array([150, 150])
    lift = upright.from_picture(middle)
    assert turned.from_picture(middle) == pytest.approx(lift, abs=0.02)
    assert lift[1] > 0.52


def test_the_pose_is_given_in_the_first_square_whatever_the_turn() -> None:
    pose = np.zeros((2, 59), np.float32)
    pose[:, -6:] = (0.0, 0.0, 0.1, 0.05, -0.1, 0.0), (-0.4, 0.1, -0.6, 0.0, 0.2, 0.1)
    first, other = Crop(10, 20, 100), Crop(30, -10, 80, 3)
    in_first = in_square(pose, other, first)
    assert in_first[0, -6:-3] == pytest.approx([0, 0, 0.1 - np.pi / 2], abs=1e-5)
    assert in_square(in_first, first, other) == pytest.approx(pose, abs=1e-5)


@pytest.fixture(scope="module")
def editor() -> PortraitEditor:
    return PortraitEditor.load(device="cpu", threads=2)


@pytest.mark.slow
@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_photo_is_edited_as_the_upright_one(editor: PortraitEditor, astronaut: np.ndarray, turn: int) -> None:
    def edited(image: np.ndarray) -> np.ndarray:
        source = editor.analyse(image)
        motion = apply_controls(editor.space, source.coefficients, expression={"jawOpen": 0.7}, pose={"yaw": 12})
        return next(editor.render(source, motion[None]))

    picture = edited(np.ascontiguousarray(np.rot90(astronaut, turn)))
    expected = edited(astronaut)
    error = np.abs(np.rot90(picture, -turn).astype(int) - expected)
    assert (error.max(-1) > 40).mean() < 0.002, "the two squares may differ by a pixel"
    assert (np.abs(expected.astype(int) - astronaut).max(-1) > 40).mean() > 0.01


def test_a_crop_of_a_turned_photo_comes_as_the_photo_shows_it(editor: PortraitEditor, astronaut: np.ndarray) -> None:
    source = editor.analyse(np.ascontiguousarray(np.rot90(astronaut)))
    square = source.crop
    frame = next(editor.render(source, source.coefficients[None], paste_back=False))
    shown = Crop(square.x, square.y, square.side).cut(source.image, square.side)
    assert np.abs(frame.astype(int) - shown).mean() < 4


@pytest.mark.slow
def test_a_head_that_turns_over_is_followed(extractor: Extractor, astronaut: np.ndarray) -> None:
    angles = [0, 20, 40, 55, 70, 85, 100, 115, 130]
    tracked = list(FaceTracker(extractor).track((i / 25, tilted(astronaut, a)) for i, a in enumerate(angles)))
    own = None
    for frame, angle in zip(tracked, angles, strict=True):
        assert frame.face is not None
        assert frame.coefficients is not None
        own = tilt(frame.face.points) if own is None else own
        assert apart(tilt(frame.face.points), own + angle) < 8
        roll = float(np.degrees(frame.coefficients[-4] - tracked[0].coefficients[-4]))  # type: ignore[index]
        assert apart(roll, angle) < 12, "in the first frame's square"
    turns = [frame.square.turn for frame in tracked if frame.square]
    assert turns == sorted(turns), "a square of the next quarter turn, and never back"
    assert (turns[0], turns[-1]) == (0, 1)
