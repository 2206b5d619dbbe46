import pytest
import torch

from models.face3d.landmark_shape import ANCHORS
from training.extractor.regressor_loss import RegressorLoss


@pytest.fixture
def loss() -> RegressorLoss:
    return RegressorLoss(torch.full((53,), 0.1), torch.ones(478))


def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "coefficients": torch.rand(2, 59),
        "landmarks": torch.rand(2, 478, 2),
        "presence": torch.ones(2),
        "known": torch.ones(2, 478),
    }


def answer(truth: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    landmarks = truth["landmarks"].clone()
    return [truth["coefficients"].clone(), landmarks, 20 * truth["presence"] - 10, landmarks[:, list(ANCHORS)]]


def test_the_truth_costs_nothing(loss: RegressorLoss) -> None:
    truth = batch()
    assert all(float(value) < 0.01 for value in loss(tuple(answer(truth)), truth).values())


def test_what_is_unknown_or_no_face_has_no_loss(loss: RegressorLoss) -> None:
    truth = batch()
    truth["presence"][1], truth["known"][1], truth["known"][0, 468:] = 0, 0, 0
    found = answer(truth)
    found[0][1], found[1][1], found[1][0, 468:] = 9, 9, 9
    found[3] = found[1][:, list(ANCHORS)]
    assert all(float(value) < 0.01 for value in loss(tuple(found), truth).values())


def test_an_error_that_both_pictures_of_a_pair_share_is_no_change(loss: RegressorLoss) -> None:
    truth = batch()
    shared, single = answer(truth), answer(truth)
    shared[0][:, :53] += 0.2
    single[0][0, :53] += 0.2
    losses = {name: loss(tuple(found), truth) for name, found in (("shared", shared), ("single", single))}
    assert float(losses["shared"]["expression"]) > float(losses["single"]["expression"]) > 0
    assert float(losses["shared"]["change"]) < 1e-6 < float(losses["single"]["change"])


def test_a_misplaced_face_keeps_its_distances(loss: RegressorLoss) -> None:
    truth = batch()
    moved, shut = answer(truth), answer(truth)
    moved[1] = moved[1] + 0.05
    shut[1] = shut[1].clone()
    shut[1][:, 159] = shut[1][:, 145]
    assert float(loss(tuple(moved), truth)["distances"]) < 1e-4 < float(loss(tuple(moved), truth)["landmarks"])
    assert float(loss(tuple(shut), truth)["distances"]) > 0.5
