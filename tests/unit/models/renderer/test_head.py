"""The rigid head: what a change of pose alone does to a picture, in closed form."""

from __future__ import annotations

import math

import pytest
import torch

from models.coefficients import rotation_matrix
from models.renderer.flow import composed
from models.renderer.head import RigidHead, _inverse, _rotation

STILL = (0.1, -0.05, 0.02, 0.03, -0.04, 0.1)


def pose(**changes: float) -> torch.Tensor:
    values = dict(zip(("yaw", "pitch", "roll", "x", "y", "zoom"), STILL, strict=True))
    return torch.tensor([[values[name] + changes.get(name, 0.0) for name in values]])


def turn(head: RigidHead, source: torch.Tensor, target: torch.Tensor, size: int = 64) -> torch.Tensor:
    return head(source, target, size)[0]


def middle(flow: torch.Tensor) -> torch.Tensor:
    return flow[0, :, 28:36, 28:36].mean((1, 2))


def test_rotations_are_those_of_the_coefficient_space() -> None:
    angles = torch.tensor([[0.3, -0.2, 0.1], [-0.5, 0.4, -0.7]])
    flipped = torch.diag(torch.tensor([1.0, -1, 1])).double()  # y down
    wanted = flipped @ torch.from_numpy(rotation_matrix(*angles.double().T.numpy())) @ flipped
    torch.testing.assert_close(_rotation(angles).double(), wanted, atol=1e-6, rtol=0)


def test_the_same_pose_moves_nothing_at_all() -> None:
    assert not turn(RigidHead(), pose(), pose()).any()


def test_a_head_moved_to_the_right_comes_from_the_left() -> None:
    flow = turn(RigidHead(), pose(), pose(x=0.1), 64)
    torch.testing.assert_close(flow[0, 0], torch.full((64, 64), -6.4), atol=1e-3, rtol=0)
    torch.testing.assert_close(flow[0, 1], torch.zeros(64, 64), atol=1e-3, rtol=0)


def test_roll_and_zoom_turn_and_scale_about_the_place_of_the_head() -> None:
    roll, zoom, size = 0.3, math.log(1.2), 64
    flow = turn(RigidHead(), pose(yaw=-0.1, pitch=0.05), pose(yaw=-0.1, pitch=0.05, roll=roll, zoom=zoom), size)
    line = (torch.arange(size) + 0.5) / size - 0.5
    y, x = torch.meshgrid(line + 0.04, line - 0.03, indexing="ij")
    cos, sin = math.cos(roll) / 1.2, math.sin(roll) / 1.2  # backwards: clockwise in the picture undone
    wanted = torch.stack([cos * x + sin * y - x, cos * y - sin * x - y]) * size
    torch.testing.assert_close(flow[0, :, 8:-8, 8:-8], wanted[:, 8:-8, 8:-8], atol=2e-2, rtol=0)


@pytest.mark.parametrize(("angle", "axis", "sign"), [("yaw", 0, 1), ("pitch", 1, -1)])
def test_a_turned_nose_moves_as_far_as_it_stands_out(angle: str, axis: int, sign: int) -> None:
    """The middle of the face is nearer to the viewer than the head's origin: positive yaw moves it to the right, and
    positive pitch up."""
    frontal = {"yaw": -0.1, "pitch": 0.05}
    flow = middle(turn(RigidHead(), pose(**frontal), pose(**frontal | {angle: frontal[angle] + 0.2}), 64))
    assert sign * float(flow[axis]) < -2
    assert abs(float(flow[1 - axis])) < 0.5


def test_the_middle_of_a_portrait_is_held_and_its_border_is_not() -> None:
    _, mask = RigidHead()(pose(), pose(yaw=0.3), 64)
    assert mask[0, 0, 28:36, 28:36].min() > 1.5
    assert mask[0, 0, :, :4].max() < -2


def test_there_and_back_is_where_it_was() -> None:
    head, one, other = RigidHead(), pose(), pose(yaw=0.2, pitch=0.1, roll=0.3, x=0.05, zoom=0.1)
    there, back = turn(head, one, other), turn(head, other, one)
    assert composed(there, back)[0, :, 20:44, 20:44].abs().max() < 0.15


def test_a_head_seen_from_the_side_gives_a_finite_flow() -> None:
    for yaw in (1.5, math.pi / 2, 2.5):
        assert turn(RigidHead(), pose(), pose(yaw=yaw), 32).isfinite().all()
    assert _inverse(torch.zeros(1, 2, 2)).isfinite().all()


@pytest.mark.slow
def test_the_maps_learn_from_a_flow() -> None:
    """A deeper head turns further; its depth is found from the flow that it makes."""
    wanted = RigidHead()
    with torch.no_grad():
        wanted.depth.add_(0.1)
    with torch.no_grad():
        flow = turn(wanted, pose(), pose(yaw=0.2), 32)
    head = RigidHead()
    optimiser = torch.optim.Adam([head.depth], 0.02)
    for _ in range(60):
        loss = (turn(head, pose(), pose(yaw=0.2), 32) - flow).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1
