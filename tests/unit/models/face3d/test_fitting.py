from pathlib import Path

import numpy as np
import pytest

from datasets.clips import sane
from datasets.landmarker import arkit_scores
from models.coefficients import ARKIT, rotation_matrix
from models.face3d.fitting import IDENTITY_BOUND, PRIOR, FrameFit, SpeakerFit, fit_photo
from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.pose import HeadPose
from tests.landmark_head import write_landmark_head

JAW = ARKIT.index["jawOpen"]


@pytest.fixture
def mesh() -> LandmarkMesh:
    """A head of 468 points; each identity and expression axis moves them in its own way, one pair almost alike."""
    rng = np.random.default_rng(0)
    identity, expression = rng.normal(0, 0.25, (4, 468, 3)), rng.normal(0, 0.5, (53, 468, 3))
    identity[0] = expression[JAW] * 0.8  # a long chin looks like an open jaw
    return LandmarkMesh(rng.normal(0, 5, (468, 3)), identity, expression)


def frames(mesh: LandmarkMesh, identity: np.ndarray, jaws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks [F, 478, 3] in pixels and scores [F, 53] that know nothing but a closed jaw."""
    shape = mesh.mean + np.tensordot(identity, mesh.identity, 1)
    points = []
    for number, jaw in enumerate(jaws):
        pose = HeadPose(8.0, rotation_matrix(0.05 * number, 0.02, -0.03 * number), np.array([128.0, -120, 0]))
        vertices = pose.scale * (shape + jaw * mesh.expression[JAW]) @ pose.rotation.T + pose.translation
        points.append(np.concatenate([vertices * (1, -1, -1), np.zeros((10, 3))]))
    return np.array(points), np.zeros((len(jaws), 53))


@pytest.mark.slow
def test_one_frame_is_read_when_the_person_is_known(mesh: LandmarkMesh) -> None:
    identity = np.array([0.5, -1, 0.3, 0])
    (landmarks,), (scores,) = frames(mesh, identity, np.array([0.6]))
    found = SpeakerFit(mesh, identity).fit(landmarks, scores)
    assert found.expression[JAW] == pytest.approx(0.6, abs=0.02)
    assert np.delete(found.expression, JAW).max() < 0.03
    assert found.pose.scale == pytest.approx(8, rel=0.01)
    assert found.error < 0.005


def test_movement_is_expression_and_not_identity(mesh: LandmarkMesh) -> None:
    """With one identity for all frames the jaw's movement keeps its size, although an identity axis looks like it."""
    jaws = np.linspace(0, 0.6, 9)
    landmarks, scores = frames(mesh, np.array([0.2, 0.2, 0, 0]), jaws)
    fit = SpeakerFit.of_frames(mesh, landmarks, scores)
    read = [fit.fit(points, score).expression[JAW] for points, score in zip(landmarks, scores, strict=True)]
    assert np.corrcoef(jaws, read)[0, 1] > 0.99
    assert np.ptp(read) == pytest.approx(0.6, abs=0.06)


def test_weights_stay_between_nothing_and_all(mesh: LandmarkMesh) -> None:
    landmarks, scores = frames(mesh, np.zeros(4), np.array([2.0, -1.0]))
    fit = SpeakerFit(mesh, np.zeros(4))
    found = np.stack([fit.fit(points, score).expression for points, score in zip(landmarks, scores, strict=True)])
    assert found.min() >= 0
    assert found.max() <= 1


def test_gross_errors_and_jumps_of_the_head_are_not_believed() -> None:
    def frame(yaw: float, error: float = 0.01) -> FrameFit:
        return FrameFit(np.zeros(53, np.float32), HeadPose(8.0, rotation_matrix(yaw, 0.0, 0.0), np.zeros(3)), error)

    frames = [frame(0), frame(0.02), frame(0.04, error=0.5), frame(0.5), frame(0.5), frame(-0.5)]
    clip = np.array([0, 0, 0, 0, 0, 1])
    assert sane(frames, clip).tolist() == [True, True, False, False, True, True]  # another clip may start anywhere


def test_scores_without_sides_stand_for_both() -> None:
    scores = arkit_scores({"jawOpen": 0.4, "browInnerUp": 0.3, "eyeBlinkLeft": 0.9, "_neutral": 1.0})
    assert scores[JAW] == pytest.approx(0.4)
    assert scores[ARKIT.index["browInnerUpRight"]] == pytest.approx(0.3)
    assert scores[ARKIT.index["eyeBlinkLeft"]] == pytest.approx(0.9)
    assert scores[ARKIT.index["eyeBlinkRight"]] == 0


def test_a_single_photo_gets_identity_and_expression_at_once(tmp_path: Path) -> None:
    mesh = LandmarkMesh.load(write_landmark_head(tmp_path))
    rng = np.random.default_rng(1)
    identity, expression = rng.normal(0, 0.3, 60), np.zeros(53)
    expression[ARKIT.index["jawOpen"]] = 0.6
    shape = mesh.mean + np.tensordot(identity, mesh.identity, 1) + np.tensordot(expression, mesh.expression, 1)
    pose = HeadPose(9.0, rotation_matrix(0.3, -0.1, 0.05), np.array([140.0, -150.0, 0.0]))
    landmarks = (pose.scale * shape @ pose.rotation.T + pose.translation) * (1, -1, -1)
    found, fit = fit_photo(mesh, np.pad(landmarks, ((0, 10), (0, 0))), expression / PRIOR)
    assert fit.error < 0.01
    assert fit.expression[ARKIT.index["jawOpen"]] == pytest.approx(0.6, abs=0.1)
    assert fit.pose.scale == pytest.approx(pose.scale, rel=0.06), "size and identity differ by the ridge alone"
    assert np.abs(fit.pose.rotation - pose.rotation).max() < 0.05
    assert np.abs(found).max() <= IDENTITY_BOUND
