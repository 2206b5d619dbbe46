"""Videos to clips: where segments begin and end, whose they are, and a folder of videos through two processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from datasets.clip_store import ClipStore, ClipStoreWriter
from models.bundle import DEFAULT_BUNDLE
from models.errors import TrainingDataError
from models.extractor import Box, Face, TrackedFrame, square_crop
from tests.clips import write_clip
from training.pirender.prepare import Task, find_videos, person, prepare
from training.pirender.segments import Limits, Segment, segments

LIMITS = Limits(least_frames=3, most_frames=6, least_side=32)


def frames(*boxes: Box | None, cuts: tuple[int, ...] = ()) -> Iterator[TrackedFrame]:
    for index, box in enumerate(boxes):
        face = None if box is None else Face(box, 0.9, np.zeros((5, 2), np.float32))
        yield TrackedFrame(index / 25, face, None, None, index in cuts)


def at(x: float) -> Box:
    return x, 100.0, x + 80, 180.0


def test_a_square_holds_the_face_of_the_whole_segment() -> None:
    assert segments(frames(at(50), at(60), at(70)), LIMITS) == [Segment(0, 3, square_crop((50, 100, 150, 180)))]


def test_a_segment_ends_with_sight_cuts_places_and_length() -> None:
    def spans(tracked: Iterator[TrackedFrame]) -> list[tuple[int, int]]:
        return [(segment.first, segment.stop) for segment in segments(tracked, LIMITS)]

    assert spans(frames(at(0), at(0), at(0), None, at(0), at(0), at(0))) == [(0, 3), (4, 7)]
    assert spans(frames(*[at(0)] * 6, cuts=(3,))) == [(0, 3), (3, 6)]
    assert spans(frames(at(0), at(0), at(0), at(60), at(60), at(60))) == [(0, 3), (3, 6)]
    assert spans(frames(*[at(0)] * 10)) == [(0, 6), (6, 10)]
    assert spans(frames(at(0), at(0), None, at(0), at(0))) == []
    assert spans(frames()) == []


def test_small_faces_are_left_out() -> None:
    tracked = list(frames(*[at(0)] * 4))
    side = square_crop(at(0)).side
    assert segments(tracked, Limits(3, 6, side))
    assert not segments(tracked, Limits(3, 6, side + 1))


@pytest.mark.parametrize(
    ("video", "who"),
    [("id10001/abc/00001.mp4", "id10001"), ("train/id10002#abc#1#2.mp4", "id10002"), ("bbaf2n.mp4", "bbaf2n")],
)
def test_people_are_identified_by_voxcelebs_names(video: str, who: str) -> None:
    assert person(video) == who


def test_a_store_speaks_one_space(tmp_path: Path) -> None:
    ClipStoreWriter(tmp_path / "clips", "bfm", 1 << 20).close()
    with pytest.raises(TrainingDataError, match="another --out"):
        ClipStoreWriter(tmp_path / "clips", "arkit", 1 << 20)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingDataError, match="no videos"):
        find_videos(tmp_path / "empty")


@pytest.mark.slow
@pytest.mark.timeout(600)  # another interpreter that loads the networks
def test_a_folder_of_videos_becomes_clips_once(tmp_path: Path, astronaut: np.ndarray) -> None:
    folder, out = tmp_path / "videos", tmp_path / "clips.lmdb"
    (folder / "id1").mkdir(parents=True)
    pictures = [np.roll(astronaut, shift, axis=1) for shift in (0, 4, 8)]
    write_clip(folder / "id1" / "a.mp4", pictures, [0.0, 0.04, 0.08])
    (folder / "broken.mp4").write_bytes(b"no video at all")
    begun: list[tuple[int, int]] = []
    task = Task(folder, DEFAULT_BUNDLE, Limits(least_frames=3, least_side=64))

    def went() -> dict[str, int]:
        return {p.video: p.clips for p in prepare(task, out, 1, lambda *counts: begun.append(counts))}

    assert went() == {"broken.mp4": 0, "id1/a.mp4": 1}
    store = ClipStore(out)
    (clip,) = store.clips
    assert (clip.person, clip.frames, store.space) == ("id1", 3, "arkit")
    motion = store.coefficients(clip)
    assert motion.shape == (3, 59)
    assert motion[2, -3] - motion[0, -3] == pytest.approx(8 / clip.square[2], abs=0.02), "in a square that stands still"
    x, y, side = clip.square
    cut = pictures[1][max(y, 0) : y + side, x : x + side]
    assert np.abs(store.frame(clip, 1).mean((0, 1)) - cut.mean((0, 1))).max() < 12
    assert went() == {}
    assert begun == [(2, 0), (2, 2)]
