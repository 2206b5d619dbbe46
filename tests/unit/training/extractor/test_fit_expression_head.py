"""Expression read from the shape of a face."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.face3d.landmark_shape import ANCHORS
from training.extractor.fit_expression_head import fit_expression_head
from training.extractor.networks.expression_head import ExpressionHead
from training.extractor.networks.ridge_head import RidgeHead


class Seeing(nn.Module):
    """Stands for a trained regressor: it finds the landmarks that a picture's first pixels spell, and reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.expression_head, self.ridge_head = ExpressionHead(), RidgeHead()
        self.mean = np.random.default_rng(0).uniform(0.3, 0.7, (478, 2)).astype(np.float32)

    def landmarks(self, opening: np.ndarray) -> np.ndarray:
        """Faces [N, 478, 2] whose first anchor has gone down by a tenth of `opening` [N]."""
        points = np.repeat(self.mean[None], len(opening), 0)
        points[:, ANCHORS[0], 1] += 0.1 * opening
        return points

    def predict(self, pictures: Tensor) -> tuple[Tensor, ...]:
        opening = (pictures[:, 0, 0, 0].numpy() + 1) / 2
        return torch.zeros(len(opening), 59), torch.from_numpy(self.landmarks(opening)), torch.zeros(1), torch.zeros(1)

    def draw(self, number: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(number)
        picture = np.full((256, 256, 3), rng.integers(0, 256), np.uint8)
        coefficients = np.zeros(59, np.float32)
        coefficients[5] = picture[0, 0, 0] / 255
        return {"picture": picture, "coefficients": coefficients, "presence": np.float32(number % 5 > 0)}


def test_a_shape_is_free_of_place_and_size() -> None:
    landmarks = torch.rand(2, 478, 2)
    read = ExpressionHead().normalised
    torch.testing.assert_close(read(landmarks * 0.3 + 0.2), read(landmarks), atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_what_a_shape_shows_is_learnt_and_averaged_with_the_coefficients() -> None:
    torch.manual_seed(0)
    network = Seeing().eval()
    faces = torch.from_numpy(network.landmarks(np.array([0.2, 0.8], np.float32)))
    own = torch.full((2, 59), 0.4)
    assert torch.equal(network.expression_head(faces, own), own[:, :53]), "not fitted yet"
    fit_expression_head(network, network.draw, range(256), steps=400, alpha=0.5)  # type: ignore[arg-type]
    found = network.expression_head(faces, own)
    np.testing.assert_allclose(found[:, 5], [(0.2 + 0.4) / 2, (0.8 + 0.4) / 2], atol=0.04)
    np.testing.assert_allclose(found[:, 20], 0.2, atol=0.03)
    assert not any(parameter.requires_grad for parameter in network.expression_head.parameters())
