from pathlib import Path

import numpy as np
import pytest

from datasets import clips as module
from datasets.clips import clip_faces, clip_files, read_clip
from datasets.landmarker import FaceReading, Landmarker
from models.errors import TrainingDataError


class DotTeacher:
    """Sees a face of 40 pixels around the brightest pixel; none in a dark picture."""

    def read(self, picture: np.ndarray) -> FaceReading | None:
        if picture.max() < 100:
            return None
        y, x = np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])
        corners = np.add([(-20, -20, 0), (20, 20, 0)], (x, y, 0))
        return FaceReading(np.resize(corners, (478, 3)).astype(np.float32), np.zeros(53, np.float32), np.eye(3))


@pytest.fixture
def film(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Seven frames of a bright dot that moves to the right; in the third there is nothing."""
    frames = [np.zeros((120, 160, 3), np.uint8) for _ in range(7)]
    for number, frame in enumerate(frames):
        if number != 2:
            frame[60, 70 + number] = 255
    monkeypatch.setattr(module, "read_frames", lambda path: ((k / 25, frame) for k, frame in enumerate(frames)))
    return frames


def test_frames_share_one_square(film: list[np.ndarray]) -> None:
    read = read_clip(Path("clip.mp4"), DotTeacher(), 1)
    assert read is not None
    assert read.pictures.shape == (6, 256, 256, 3)
    side = round(round(40 * 256 / 137.125) * module.MARGIN)
    assert np.diff(read.landmarks[:, 0, 0]) == pytest.approx(np.array([1, 2, 1, 1, 1]) * 256 / side, rel=1e-4)
    width = read.landmarks[0, 1, 0] - read.landmarks[0, 0, 0]
    assert width == pytest.approx(40 * 256 / side, rel=1e-4)


def test_only_every_nth_frame_is_read(film: list[np.ndarray]) -> None:
    read = read_clip(Path("clip.mp4"), DotTeacher(), 2)
    assert read is not None
    assert len(read.pictures) == 3  # 0, 4, 6: the third shows nothing


def test_a_clip_without_a_face_is_left_out(film: list[np.ndarray]) -> None:
    for frame in film:
        frame[:] = 0
    assert read_clip(Path("clip.mp4"), DotTeacher(), 1) is None


def test_same_identity_pairs_of_a_clip_leave_out_what_is_not_believed(tmp_path: Path) -> None:
    shard = tmp_path / "train-000"
    shard.mkdir()
    rng = np.random.default_rng(0)
    arrays = {
        "pictures": np.zeros((5, 256, 256, 3), np.uint8),
        "landmarks": rng.uniform(50, 200, (5, 478, 3)).astype(np.float32),
        "expression": rng.uniform(0, 1, (5, 53)).astype(np.float32),
        "pose": np.zeros((5, 6), np.float32),
        "clip": np.array([0, 0, 0, 1, 1]),
        "kept": np.array([True, False, True, True, True]),
    }
    for name, value in arrays.items():
        np.save(shard / f"{name}.npy", value)
    (pairs,) = clip_faces(tmp_path)
    drawn = [pairs.draw(np.random.default_rng(seed)) for seed in range(40)]
    rows = {(first[1], second[1]) for first, second in drawn}
    assert rows <= {(a, b) for clip in ((0, 2), (3, 4)) for a in clip for b in clip}
    assert (0, 2) in rows or (2, 0) in rows


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="clips"):
        clip_faces(tmp_path)
    with pytest.raises(TrainingDataError, match=r"words\.csv"):
        clip_files(tmp_path, "train")
    with pytest.raises(TrainingDataError, match="landmarker"):
        Landmarker(tmp_path / "none.task")
    (tmp_path / "grid_s1").mkdir()
    (tmp_path / "grid_s1" / "words.csv").write_text(
        "file,words (start-end seconds:word),split\na.mp4,x,train\nb.mp4,x,test\n"
    )
    assert [path.name for path in clip_files(tmp_path, "test")] == ["b.mp4"]
