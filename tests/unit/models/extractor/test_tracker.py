"""One face through moving pictures made of the two portraits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from models.errors import FaceIndexError
from models.extractor import CROP, Crop, Extractor, FaceTracker, TrackedFrame, square_crop
from models.extractor.tracker import in_square

GREY = np.full((512, 512, 3), 120, np.uint8)
X, Y, ZOOM = 56, 57, 58


def follow(extractor: Extractor, pictures: Sequence[np.ndarray], face: object = "largest") -> list[TrackedFrame]:
    tracker = FaceTracker(extractor, face)  # type: ignore[arg-type]
    return list(tracker.track((index / 25, picture) for index, picture in enumerate(pictures)))


def motion(tracked: Sequence[TrackedFrame]) -> np.ndarray:
    assert all(frame.coefficients is not None for frame in tracked)
    return np.stack([frame.coefficients for frame in tracked if frame.coefficients is not None])


def centre(frame: TrackedFrame) -> np.ndarray:
    assert frame.face is not None
    return np.add(frame.face.box[:2], frame.face.box[2:]) / 2


def scaled(picture: np.ndarray, factor: float, around: tuple[float, float] = (226, 122)) -> np.ndarray:
    """A picture enlarged about a point, its size kept."""
    x, y = around
    height, width = picture.shape[:2]
    box = (x - x / factor, y - y / factor, x + (width - x) / factor, y + (height - y) / factor)
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC, box=box))


@pytest.fixture(scope="module")
def pair(astronaut: np.ndarray, hopper: np.ndarray) -> np.ndarray:
    """Hopper on the left, 195 pixels of face; Collins on the right, 133."""
    collins = Image.fromarray(astronaut[:240, 100:340]).resize((320, 320), Image.Resampling.BICUBIC)
    return np.concatenate([hopper[100:420, 100:420], np.asarray(collins)], 1)


def test_one_frame_reads_like_a_photo(extractor: Extractor, astronaut: np.ndarray) -> None:
    [frame] = follow(extractor, [astronaut])
    crop = square_crop(extractor.detect(astronaut)[0].box)
    assert frame.time == 0
    assert frame.coefficients == pytest.approx(extractor.extract(crop.cut(astronaut, CROP)).coefficients, abs=1e-5)


@pytest.mark.slow
def test_a_head_that_crosses_the_picture_moves_evenly(extractor: Extractor, astronaut: np.ndarray) -> None:
    wide = np.pad(astronaut, ((0, 0), (300, 300), (0, 0)), mode="edge")
    step = 10
    tracked = follow(extractor, [wide[:, 450 - step * i :][:, :512] for i in range(40)])
    read = motion(tracked)
    side = square_crop(extractor.detect(wide[:, 450:962])[0].box).side
    truth = step / side * np.arange(40)
    assert truth[-1] > 1.5, "further than the square is wide: it must have been moved"
    assert np.abs(read[:, X] - read[0, X] - truth).max() < 0.06
    assert np.abs(np.diff(read[:, X]) - step / side).max() < 0.04, "no jump where the square changes"
    assert np.abs(read[:, Y] - read[0, Y]).max() < 0.05
    assert np.abs(read[:, ZOOM] - read[0, ZOOM]).max() < 0.08


@pytest.mark.slow
def test_a_head_that_comes_nearer_grows_evenly(extractor: Extractor, astronaut: np.ndarray) -> None:
    factors = np.geomspace(1, 2.2, 25)
    read = motion(follow(extractor, [scaled(astronaut, factor) for factor in factors]))
    assert np.abs(read[:, ZOOM] - read[0, ZOOM] - np.log(factors)).max() < 0.1
    assert np.abs(np.diff(read[:, ZOOM])).max() < 0.1


def test_a_face_out_of_sight_is_none_and_found_again(extractor: Extractor, astronaut: np.ndarray) -> None:
    tracked = follow(extractor, [GREY, *[astronaut] * 3, *[GREY] * 3, *[np.roll(astronaut, 30, 1)] * 3])
    assert [frame.face is None for frame in tracked] == [True] + [False] * 3 + [True] * 3 + [False] * 3
    assert [frame.coefficients is None for frame in tracked] == [frame.face is None for frame in tracked]
    before, after = motion(tracked[3:4])[0], motion(tracked[7:8])[0]
    side = square_crop(extractor.detect(astronaut)[0].box).side
    assert after[X] - before[X] == pytest.approx(30 / side, abs=0.04)
    assert np.abs(after[:53] - before[:53]).mean() < 0.03


def test_without_a_face_every_frame_is_none(extractor: Extractor) -> None:
    assert [frame.face for frame in follow(extractor, [GREY] * 2)] == [None, None]


@pytest.mark.parametrize(("face", "left"), [("largest", True), (0, True), (1, False)])
def test_the_chosen_face_is_followed(extractor: Extractor, pair: np.ndarray, face: object, left: bool) -> None:
    for frame in follow(extractor, [pair] * 3, face):
        assert (centre(frame)[0] < 320) == left


def test_another_face_that_outgrows_it_does_not_take_over(extractor: Extractor, pair: np.ndarray) -> None:
    hopper, collins = pair[:, :320], pair[:, 320:]
    pictures = [np.concatenate([hopper, scaled(collins, factor, (167, 166))], 1) for factor in (1, 1.3, 1.7)]
    covered = np.full_like(pair, 120)  # both are lost: the choice must be remembered, not made again
    tracked = follow(extractor, [*pictures, covered, pictures[-1]])
    assert [frame.face is None for frame in tracked] == [False, False, False, True, False]
    assert all(centre(frame)[0] < 320 for frame in tracked if frame.face is not None)


@pytest.mark.slow
def test_when_the_chosen_one_leaves_nobody_takes_the_place(extractor: Extractor, pair: np.ndarray) -> None:
    left_alone = pair.copy()
    left_alone[:, :320] = 120
    tracked = follow(extractor, [pair, *[left_alone] * 12, pair])
    assert [frame.face is None for frame in tracked] == [False] + [True] * 12 + [False]
    assert centre(tracked[-1])[0] < 320


def test_a_face_that_is_not_there_says_how_many_are(extractor: Extractor, pair: np.ndarray) -> None:
    with pytest.raises(FaceIndexError, match="0 to 1") as caught:
        follow(extractor, [np.full_like(pair, 120), pair], face=2)
    assert caught.value.field == "options.face"


def test_squares_stay_until_the_head_leaves_them(extractor: Extractor, astronaut: np.ndarray) -> None:
    wide = np.pad(astronaut, ((0, 0), (300, 300), (0, 0)), mode="edge")
    tracked = follow(extractor, [wide[:, 450 - 10 * i :][:, :512] for i in range(12)])
    squares = [frame.square for frame in tracked]
    changes = sum(before != after for before, after in pairwise(squares))
    assert squares[0] == square_crop(extractor.detect(wide[:, 450:962])[0].box)
    assert squares[0] == squares[2]
    assert 1 <= changes <= 4, "as often as the head comes near a border, not with every frame"
    assert not any(frame.cut for frame in tracked), "who moves quickly is no other person"


def test_a_cut_to_another_person_is_noticed(extractor: Extractor, pair: np.ndarray) -> None:
    hopper, collins = (np.ascontiguousarray(half) for half in (pair[:, :320], pair[:, 320:]))
    darker = (hopper * 0.4).astype(np.uint8)
    tracked = follow(extractor, [hopper, hopper, darker, hopper, collins, collins])
    assert [frame.cut for frame in tracked] == [False] * 4 + [True, False]


def test_frames_are_read_one_at_a_time(extractor: Extractor, astronaut: np.ndarray) -> None:
    read = 0

    def frames() -> Iterator[tuple[float, np.ndarray]]:
        nonlocal read
        for index in range(5):
            read += 1
            yield index / 25, astronaut

    tracked = FaceTracker(extractor).track(frames())
    next(tracked)
    assert read == 1
    next(tracked)
    assert read == 2


def test_a_pose_given_in_another_square_is_the_same_place_and_size() -> None:
    coefficients = np.zeros(59, np.float32)
    coefficients[[10, X, Y, ZOOM]] = 0.4, 0.1, -0.2, 0.3
    square, first = Crop(100, 50, 200), Crop(-20, 30, 160)
    in_first = in_square(coefficients, square, first)
    for axis, corner, origin in ((X, 100, -20), (Y, 50, 30)):
        place = corner + (coefficients[axis] + 0.5) * 200
        assert origin + (in_first[axis] + 0.5) * 160 == pytest.approx(place, abs=1e-3)
    assert np.exp(in_first[ZOOM]) * 160 == pytest.approx(np.exp(0.3) * 200, rel=1e-5)
    assert np.array_equal(in_first[:X], coefficients[:X])
    assert in_square(coefficients, first, first) == pytest.approx(coefficients, abs=1e-6)
