"""From tracked frames to a motion, and to the source of an edit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.errors import NoFaceError
from models.extractor import Crop, Face, TrackedFrame
from models.extractor.motion import VideoSource, smoothed, tracked_motion
from models.extractor.tracker import in_square

FACE = Face((10.0, 20.0, 30.0, 40.0), 0.9, np.zeros((5, 2), np.float32))
FIRST, SECOND = Crop(0, 0, 100), Crop(40, 0, 200)
JAW, CLOSE, X = ARKIT.index["jawOpen"], ARKIT.index["mouthClose"], 56


def seen(time: float, square: Crop = FIRST, cut: bool = False, **values: float) -> TrackedFrame:
    coefficients = np.zeros(59, np.float32)
    for name, value in values.items():
        coefficients[X if name == "x" else ARKIT.index[name]] = value
    return TrackedFrame(time, FACE, coefficients, square, cut)


def unseen(time: float) -> TrackedFrame:
    return TrackedFrame(time, None, None, None)


def test_a_track_is_bridged_and_tells_what_is_wrong_with_it() -> None:
    frames = [unseen(0.0), seen(0.1, jawOpen=0.2), unseen(0.2), seen(0.3, SECOND, cut=True, jawOpen=0.6)]
    track = tracked_motion(ARKIT, iter(frames), 10.0)
    assert track.motion.coefficients[:, JAW] == pytest.approx([0.2, 0.2, 0.4, 0.6])
    assert np.isnan(track.motion.scores).tolist() == [True, False, True, False]  # type: ignore[arg-type]
    assert (track.gaps, track.cuts) == ([(0, 1), (2, 3)], [3])
    assert track.squares == [FIRST, FIRST, FIRST, SECOND]
    assert track.as_source().seen.tolist() == [False, True, False, True]


def test_landmarks_are_kept_where_requested_in_pixels_of_the_picture() -> None:
    points = np.full((478, 2), 0.25, np.float32)
    frames = [replace(seen(0.0), landmarks=points), unseen(0.1), replace(seen(0.2, SECOND), landmarks=points)]
    kept = tracked_motion(ARKIT, iter(frames), 10.0, landmarks=True).motion.landmarks
    assert kept is not None
    assert kept[0, 0].tolist() == [25, 25]
    assert np.isnan(kept[1]).all()
    assert kept[2, 477].tolist() == [90, 50]
    assert tracked_motion(ARKIT, iter(frames), 10.0).motion.landmarks is None


def test_as_a_source_every_frame_is_given_in_its_own_square() -> None:
    track = tracked_motion(ARKIT, [seen(0.0, x=0.1), seen(0.1, SECOND, x=0.9)], 10.0)
    source = track.as_source()
    assert source.coefficients[0, X] == pytest.approx(0.1)
    assert in_square(source.coefficients[1], SECOND, FIRST) == pytest.approx(track.motion.coefficients[1], abs=1e-6)
    assert source.coefficients[1, X] == pytest.approx((0.9 + 0.5) * 100 / 200 - 40 / 200 - 0.5, abs=1e-6)


def test_a_window_is_given_in_the_square_of_its_frame() -> None:
    motion = np.zeros((3, 59), np.float32)
    motion[:, X] = 0.1, 0.2, 0.3
    source = VideoSource([FIRST, FIRST, SECOND], np.ones(3, bool), motion)
    window = source.window(motion, 1, 2)
    assert window.shape == (59, 5)
    last = in_square(motion[2], SECOND, FIRST)[X]
    assert window[X] == pytest.approx([0.1, 0.1, 0.2, last, last])


def test_smoothing_keeps_to_the_constraints() -> None:
    rng = np.random.default_rng(0)
    jaw = np.clip(0.2 + rng.normal(0, 0.05, 60), 0, 1)
    track = tracked_motion(ARKIT, [seen(i / 25, jawOpen=v, mouthClose=v) for i, v in enumerate(jaw)], 25.0)
    smooth = smoothed(track.motion, 1.0).coefficients
    assert smooth[:, JAW].std() < track.motion.coefficients[:, JAW].std()
    assert (smooth[:, CLOSE] <= smooth[:, JAW]).all()


def test_a_track_without_a_face_says_so() -> None:
    with pytest.raises(NoFaceError):
        tracked_motion(ARKIT, [unseen(0.0), unseen(0.1)], 10.0)
