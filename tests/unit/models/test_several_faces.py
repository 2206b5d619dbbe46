"""Changes of several faces in one picture."""

from __future__ import annotations

import numpy as np

from models.extractor import Crop
from models.several_faces import FaceComposite


def changed(photo: np.ndarray, square: Crop, level: int) -> np.ndarray:
    """The photo with the middle of a square, half as wide, at another level."""
    frame, margin = photo.copy(), square.side // 4
    frame[square.y + margin : square.y + 3 * margin, square.x + margin : square.x + 3 * margin] = level
    return frame


def test_faces_apart_are_as_in_their_own_frames() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (80, 200, 3), np.uint8)
    squares = [Crop(0, 0, 64), Crop(120, 10, 64)]
    frames = [changed(photo, square, level) for square, level in zip(squares, (255, 0), strict=True)]
    both = FaceComposite(photo, squares).frame(frames)
    np.testing.assert_array_equal(both[:, :100], frames[0][:, :100])
    np.testing.assert_array_equal(both[:, 100:], frames[1][:, 100:])


def test_squares_that_overlap_lose_no_change() -> None:
    photo = np.full((80, 120, 3), 100, np.uint8)
    squares = [Crop(0, 0, 80), Crop(40, 0, 80)]  # their changed middles meet in none, their squares in half
    frames = [changed(photo, square, level) for square, level in zip(squares, (200, 30), strict=True)]
    both = FaceComposite(photo, squares).frame(frames)
    np.testing.assert_array_equal(both[20:60, 20:60], 200)
    np.testing.assert_array_equal(both[20:60, 60:100], 30)
    np.testing.assert_array_equal(both[:20], photo[:20])


def test_where_both_change_the_nearer_and_larger_face_wins() -> None:
    photo = np.full((100, 160, 3), 100, np.uint8)
    large, small = Crop(0, 0, 100), Crop(70, 30, 40)
    frames = [np.full_like(photo, 200), np.full_like(photo, 0)]
    both = FaceComposite(photo, [large, small]).frame(frames)
    assert both[50, 45].mean() > 195, "the large face's middle, beyond the small one's square"
    assert both[50, 90].mean() < 30, "the small face's middle"
    assert both[50, 72].mean() > 100, "between them, nearer to the larger by its size"
    assert (np.abs(np.diff(both[50, :110, 0].astype(int))) < 60).all(), "without a step"


def test_clips_are_read_a_frame_at_a_time() -> None:
    photo = np.zeros((10, 10, 3), np.uint8)
    clips = [iter([photo + 50, photo + 60]), iter([photo, photo])]
    frames = FaceComposite(photo, [Crop(0, 0, 10), Crop(0, 0, 10)]).clip(clips)
    assert [int(frame.max()) for frame in frames] == [50, 60]
