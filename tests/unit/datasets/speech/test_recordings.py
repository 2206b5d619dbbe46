"""Clips to coefficients and sound: fits in one square, holes bridged, speech found by its word times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from datasets.landmarker import FaceReading
from datasets.speech.recordings import fitted_motion, load_recordings, read_sound
from models.coefficients import ARKIT, rotation_matrix
from models.errors import TrainingDataError
from models.extractor.crop import square_crop
from models.extractor.landmarks import face_box
from models.face3d.fitting import SpeakerFit
from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.pose import HeadPose

JAW = ARKIT.index["jawOpen"]


@pytest.fixture(scope="module")
def mesh() -> LandmarkMesh:
    """A head of 468 points; each axis moves them in its own way."""
    rng = np.random.default_rng(0)
    shapes = (rng.normal(0, 5, (468, 3)), rng.normal(0, 0.25, (2, 468, 3)), rng.normal(0, 0.5, (53, 468, 3)))
    return LandmarkMesh(*shapes)


def reading(mesh: LandmarkMesh, jaw: float, yaw: float) -> FaceReading:
    pose = HeadPose(6.0, rotation_matrix(yaw, 0.05, 0), np.array([128.0, -110, 0]))
    vertices = pose.scale * (mesh.mean + jaw * mesh.expression[JAW]) @ pose.rotation.T + pose.translation
    points = np.concatenate([vertices * (1, -1, -1), np.zeros((10, 3))]).astype(np.float32)
    return FaceReading(points, np.zeros(53, np.float32), np.eye(3))


def test_every_frame_is_fitted_and_holes_are_bridged(mesh: LandmarkMesh) -> None:
    jaws, yaws = np.linspace(0.1, 0.5, 12), np.linspace(0, 0.1, 12)
    readings = [reading(mesh, jaw, yaw) for jaw, yaw in zip(jaws, yaws, strict=True)]
    seen: list[FaceReading | None] = [*readings]
    seen[5] = None
    motion = fitted_motion(seen, SpeakerFit(mesh, np.zeros(2)))
    assert motion.shape == (12, 59)
    assert motion[:, JAW] == pytest.approx(jaws, abs=0.03)
    assert motion[:, 53] == pytest.approx(yaws, abs=0.01)
    side = square_crop(face_box(readings[0].landmarks[:, :2])).side
    assert motion[0, 58] == pytest.approx(np.log(6.0 * 32 / side), abs=0.02)


def test_a_clip_of_holes_is_no_training_data(mesh: LandmarkMesh) -> None:
    seen = [reading(mesh, 0.2, 0), None, None, reading(mesh, 0.2, 0)]
    assert fitted_motion(seen, SpeakerFit(mesh, np.zeros(2))).shape == (0, 59)
    assert fitted_motion([None], SpeakerFit(mesh, np.zeros(2))).shape == (0, 59)


def test_sound_is_read_at_16_kilohertz(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], -1), 44_100)
    sound = read_sound(tmp_path / "tone.wav")
    assert len(sound) == pytest.approx(16_000, abs=20)
    assert np.abs(np.fft.rfft(sound)).argmax() == pytest.approx(440, abs=2)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.05)


def test_recordings_know_when_they_are_spoken(tmp_path: Path) -> None:
    (tmp_path / "grid_s1").mkdir()
    (tmp_path / "grid_s1" / "words.csv").write_text(
        "file,words (start-end seconds:word),split\n"
        "a.mp4,0.000-0.840:sil 0.840-1.180:bin 1.180-2.200:blue 2.200-3.000:sil,train\n"
        "b.mp4,0.000-3.000:sil,train\n"
    )
    folder = tmp_path / "recordings" / "train"
    folder.mkdir(parents=True)
    sound = np.full(75 * 640, 16_384, np.int16)
    np.savez(folder / "a.npz", motion=np.zeros((75, 59), np.float32), sound=sound)
    np.savez(folder / "b.npz", motion=np.zeros((0, 59), np.float32), sound=sound)
    (recording,) = load_recordings(tmp_path, folder.parent, "train")
    assert recording.name == "a", "the other one has no motion"
    assert recording.spoken == (0.84, 2.2)
    assert recording.sound[0] == 0.5
    assert recording.silent().nonzero()[0].tolist() == [*range(16), *range(63, 75)]
    with pytest.raises(TrainingDataError, match="record"):
        load_recordings(tmp_path, folder.parent, "test")
