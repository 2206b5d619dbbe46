"""The regressor's last layer, solved for what the networks before it get wrong together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.face3d.landmark_shape import fit_shape
from training.extractor.fit_ridge_head import fit_ridge_head
from training.extractor.networks.regressor import RegressorNet
from training.extractor.samples import as_input


@pytest.fixture
def network() -> RegressorNet:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    shape = fit_shape(rng.uniform(0.3, 0.7, (300, 478, 2)), rng.normal(0.4, 0.1, (300, 59)))
    return RegressorNet(widths=(4, 8, 8, 8), blocks=(1, 2, 1), neck=8, hidden=8, shape=shape).eval()


class Biased:
    """Samples whose labels are what the network reads, all landmarks 0.02 further right and weights 0.1 higher; every
    fourth shows no face, and every third does not tell the irises."""

    def __init__(self, network: RegressorNet) -> None:
        self._network = network
        self._rng = np.random.default_rng(1)

    def draw(self, number: int) -> dict[str, np.ndarray]:
        picture = self._rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)
        with torch.no_grad():
            coefficients, landmarks, _, _ = self._network.predict(as_input(torch.from_numpy(picture[None])))
        known = np.ones(478, np.float32)
        if number % 3 == 0:
            known[468:] = 0
        wanted = landmarks[0].numpy() + np.array([0.02, 0], np.float32)
        is_face = number % 4 > 0
        return {
            "picture": picture,
            "coefficients": coefficients[0].numpy() + 0.1 if is_face else np.zeros(59, np.float32),
            "landmarks": np.where(known[:, None] > 0, wanted, 0) if is_face else np.zeros((478, 2), np.float32),
            "known": known if is_face else 0 * known,
            "presence": np.float32(is_face),
        }


@pytest.mark.slow
def test_what_is_wrong_everywhere_is_put_right(network: RegressorNet) -> None:
    picture = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.no_grad():
        coefficients, landmarks, presence, coarse = network.predict(picture)
        fit_ridge_head(network, Biased(network).draw, range(100, 148))
        corrected = network.predict(picture)
    np.testing.assert_allclose(corrected[0], coefficients + 0.1, atol=2e-3)
    np.testing.assert_allclose(corrected[1], landmarks + torch.tensor([0.02, 0]), atol=2e-3)
    assert torch.equal(corrected[2], presence)
    assert torch.equal(corrected[3], coarse)


@pytest.mark.slow
def test_it_is_solved_anew_and_learns_nothing_by_gradient(network: RegressorNet) -> None:
    samples = Biased(network)
    drawn = [samples.draw(number) for number in range(48)]
    fit_ridge_head(network, lambda number: drawn[number], range(48))
    once = network.ridge_head.linear.bias.clone()
    network.ridge_head.linear.bias += 1
    fit_ridge_head(network, lambda number: drawn[number], range(48))
    torch.testing.assert_close(network.ridge_head.linear.bias, once, atol=1e-3, rtol=0)
    assert not any(parameter.requires_grad for parameter in network.ridge_head.parameters())
