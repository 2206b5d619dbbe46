"""The pair generator on a synthetic mesh whose motion is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.coefficients import rotation_matrix
from models.face3d.correspondence import stretched
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.kernels import COMPILED, PARALLEL, Kernels
from models.face3d.mouth import SOCKET_COLOUR, paint_mouths
from models.face3d.pose import HeadPose
from models.face3d.retarget import retarget
from models.face3d.surface import Surface
from models.face3d.warp import warp


def test_identity_motion_gives_zero_flow_and_the_photo(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    pair = retarget(compiled, photo, face, face)
    assert np.abs(pair.flow).max() < 1e-3
    assert np.abs(pair.reverse_flow).max() < 1e-3
    assert pair.mesh.mean() > 0.2
    assert np.array_equal(pair.mesh, pair.reverse_mesh)
    assert np.abs(pair.picture.astype(int) - photo).max() <= 1
    assert pair.reliable[pair.mesh].all()


def test_flow_of_a_translation_is_exact(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    moved = replace(face, pose=replace(face.pose, translation=face.pose.translation + np.array([6.0, -4.0, 0.0])))
    pair = retarget(compiled, photo, face, moved)
    # 6 pixels to the right and 4 down in the picture: the target pixel was 6 to the left and 4 up.
    np.testing.assert_allclose(pair.flow[pair.mesh], np.broadcast_to([-6.0, -4.0], (pair.mesh.sum(), 2)), atol=1e-3)
    np.testing.assert_allclose(pair.reverse_flow[pair.reverse_mesh][0], [6.0, 4.0], atol=1e-3)


def test_flow_of_a_blendshape_is_exact(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    weights = np.zeros(53, np.float32)
    weights[0] = 0.5  # one centimetre of the two: five pixels
    pair = retarget(compiled, photo, face, replace(face, expression=weights))
    np.testing.assert_allclose(pair.flow[pair.mesh], np.broadcast_to([-5.0, 0.0], (pair.mesh.sum(), 2)), atol=1e-3)


def test_flow_of_a_turn_follows_the_sphere(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    yaw = 0.3
    turned = replace(face, pose=replace(face.pose, rotation=rotation_matrix(yaw, 0, 0)))
    pair = retarget(compiled, photo, face, turned)
    # At the centre of the picture now lies the point that was at longitude -yaw on a sphere of 40 pixels.
    centre = pair.flow[64, 64]
    np.testing.assert_allclose(centre, [-40 * np.sin(yaw), 0.0], atol=0.5)


def test_picture_and_flow_agree(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    turned = replace(face, pose=replace(face.pose, rotation=rotation_matrix(0.2, 0.1, 0.1)))
    pair = retarget(compiled, photo, face, turned)
    seen = pair.mesh & pair.reliable & ~pair.detail
    assert np.abs(warp(photo, pair.flow)[seen].astype(int) - pair.picture[seen]).max() <= 1


def test_reverse_flow_inverts_the_flow_where_both_see(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    turned = replace(face, pose=replace(face.pose, rotation=rotation_matrix(0.2, 0.0, 0.0)))
    pair = retarget(compiled, photo, face, turned)
    size = len(photo)
    inner = np.zeros_like(pair.mesh)
    inner[size // 2 - 12 : size // 2 + 12, size // 2 - 12 : size // 2 + 12] = True
    y, x = np.nonzero(inner)
    source = np.stack([x, y], -1) + pair.flow[y, x]
    nearest = np.rint(source).astype(int)
    there_and_back = source + pair.reverse_flow[nearest[:, 1], nearest[:, 0]]
    assert np.abs(there_and_back - np.stack([x, y], -1)).max() < 0.5


def test_the_picture_border_does_not_move(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    moved = replace(face, pose=replace(face.pose, translation=face.pose.translation + np.array([5.0, 0.0, 0.0])))
    pair = retarget(compiled, photo, face, moved)
    edge = np.concatenate([pair.flow[0], pair.flow[-1], pair.flow[:, 0], pair.flow[:, -1]])
    assert np.abs(edge).max() < 0.7


def test_what_the_photo_hid_is_not_reliable(compiled: MeshModel, photo: np.ndarray, face: Head) -> None:
    """Turn a head by 70 degrees: its far cheek, edge-on in the photo, now faces the viewer."""
    side = replace(face, pose=replace(face.pose, rotation=rotation_matrix(1.2, 0, 0)))
    pair = retarget(compiled, photo, side, face)
    assert not pair.reliable[pair.mesh].all()


@pytest.mark.parametrize("kernels", [COMPILED, PARALLEL])
def test_a_gap_is_filled_with_what_is_next_to_it(kernels: Kernels) -> None:
    """Two halves that move apart by 20 pixels, and between them a strip whose flow leads anywhere."""
    flow = np.zeros((64, 64, 2), np.float32)
    flow[:, :22, 0], flow[:, 22:42, 0], flow[:, 42:, 0] = 10, 500, -10
    hidden = np.zeros((64, 64), bool)
    hidden[:, 22:42] = True
    flows, gaps = torch.from_numpy(flow).permute(2, 0, 1)[None], torch.from_numpy(hidden)[None]
    filled = stretched(kernels, flows, gaps)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(filled[~hidden], flow[~hidden])
    middle = filled[32, :, 0]
    assert np.abs(middle).max() <= 10
    assert (np.diff(middle[20:44]) <= 1e-4).all(), "from one side to the other, without a fold"
    assert stretched(kernels, flows, torch.zeros_like(gaps)) is flows


@pytest.mark.parametrize(("skin", "hue"), [((90, 90, 90), (1, 1, 1)), ((110, 90, 70), (1.22, 1, 0.78))])
def test_a_mouth_has_the_colour_of_the_print(
    compiled: MeshModel, face: Head, skin: tuple[int, ...], hue: tuple[float, ...]
) -> None:
    """In a grey photo it is grey; in a brown print it is brown, redder by what the skin's colour asks."""
    opened = replace(face, expression=np.eye(53, dtype=np.float32)[0])
    size = 128
    photo = np.full((size, size, 3), skin, np.uint8)
    surface = Surface.draw(compiled, compiled.project(Heads.stack([opened], "cpu")), size)
    inside = surface.covered_by(compiled.interior)
    pictures = torch.from_numpy(photo).permute(2, 0, 1)[None]
    levels = paint_mouths(surface, pictures.float(), inside, pictures, surface.mesh)
    painted, inside = levels[0].permute(1, 2, 0).numpy(), inside[0].numpy()
    mean = painted[inside].mean(0) / painted[inside].mean()
    reddest = SOCKET_COLOUR[0] / np.mean(SOCKET_COLOUR)
    if len(set(skin)) == 1:
        assert mean == pytest.approx(hue, abs=0.02)
    else:
        assert hue[0] < mean[0] < reddest


def test_pose_survives_the_way_to_coefficients_and_back() -> None:
    pose = HeadPose(6.5, rotation_matrix(0.3, -0.2, 0.1), np.array([120.0, -140.0, 3.0]))
    back = HeadPose.from_coefficients(pose.coefficients(256), 256, depth=3.0)
    np.testing.assert_allclose(back.rotation, pose.rotation, atol=1e-9)
    np.testing.assert_allclose(back.translation, pose.translation)
    np.testing.assert_allclose(back.scale, pose.scale)


def test_a_window_shows_the_same_head() -> None:
    pose = HeadPose(6.5, np.eye(3), np.array([120.0, -140.0, 0.0]))
    window = pose.in_window(20, 30, 128, 256)
    vertex = np.array([1.0, 2.0, 0.0])
    in_photo = (pose.scale * vertex + pose.translation)[:2] * [1, -1]
    in_window = (window.scale * vertex + window.translation)[:2] * [1, -1]
    np.testing.assert_allclose(in_window, (in_photo - [20, 30]) * 2)
