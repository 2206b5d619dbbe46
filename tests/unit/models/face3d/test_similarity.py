import numpy as np
import pytest

from models.coefficients import rotation_matrix
from models.face3d.pose import HeadPose
from models.face3d.similarity import similarity, transform_points, transform_pose, warp_picture

MATRIX = similarity((100, 80), 0.7, 0.3, (64, 60))


def test_similarity_puts_the_centre_where_requested_and_turns_clockwise() -> None:
    assert transform_points(np.array([100.0, 80.0]), MATRIX) == pytest.approx([64, 60])
    right_of_centre = transform_points(np.array([110.0, 80.0]), MATRIX)
    assert right_of_centre == pytest.approx([64 + 7 * np.cos(0.3), 60 + 7 * np.sin(0.3)])  # picture y points down


def test_pose_moves_with_the_picture() -> None:
    pose = HeadPose(8.0, rotation_matrix(0.3, 0.1, -0.2), np.array([120.0, -95.0, 4.0]))
    vertices = np.random.default_rng(0).normal(0, 5, (20, 3))

    def project(pose: HeadPose) -> np.ndarray:
        return (pose.scale * vertices @ pose.rotation.T + pose.translation)[:, :2] * (1, -1)

    moved = project(transform_pose(pose, MATRIX))
    assert moved == pytest.approx(transform_points(project(pose), MATRIX), abs=1e-4)


def test_turning_the_picture_clockwise_adds_roll() -> None:
    pose = HeadPose(8.0, np.eye(3), np.zeros(3))
    assert transform_pose(pose, similarity((0, 0), 1, 0.25, (0, 0))).coefficients(256)[2] == pytest.approx(0.25)


@pytest.mark.parametrize("scale", [1.4, 0.8, 0.3, 0.11])
def test_pixels_and_points_move_together(scale: float) -> None:
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[96:112, 160:176] = 255  # a square whose centre is (168, 104)
    matrix = similarity((150, 110), scale, 0.4, (60, 66))
    warped = warp_picture(picture, matrix, 128)[..., 0].astype(float)
    rows, columns = np.indices(warped.shape) + 0.5
    centroid = (warped * columns).sum() / warped.sum(), (warped * rows).sum() / warped.sum()
    assert centroid == pytest.approx(transform_points(np.array([168.0, 104.0]), matrix), abs=0.35)
