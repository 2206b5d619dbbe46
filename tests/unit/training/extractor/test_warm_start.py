"""Weights to begin with: a run's state, and the file that a run has exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.bundle import DEFAULT_BUNDLE
from models.errors import TrainingDataError
from models.face3d.landmark_shape import ShapeModel, fit_shape
from training.extractor.export import export_detector, export_regressor
from training.extractor.networks.detector import DetectorNet
from training.extractor.networks.regressor import RegressorNet
from training.extractor.warm_start import load_init_weights


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def regressor(hidden: int = 8) -> RegressorNet:
    return RegressorNet(widths=(4, 8, 8, 8), blocks=(1, 2, 1), neck=8, hidden=hidden, shape=shape())


def shape() -> ShapeModel:
    rng = np.random.default_rng(0)
    return fit_shape(rng.uniform(0.3, 0.7, (300, 478, 2)), rng.normal(0.4, 0.1, (300, 59)))


def lived(network: torch.nn.Module, pictures: torch.Tensor) -> torch.nn.Module:
    """The network with weights and statistics that are nobody's defaults."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= 1 + 0.1 * torch.randn_like(parameter)
            parameter += 0.03 * torch.randn_like(parameter)
        for _ in range(3):
            network.train()(pictures)
    return network.eval()


def save(network: torch.nn.Module, path: Path) -> Path:
    torch.save({"average": network.state_dict()}, path)
    return path


def test_a_run_starts_from_the_weights_of_another_but_keeps_its_own_shape(tmp_path: Path) -> None:
    earlier, network = regressor(), regressor(hidden=12)
    network.shape.mean += 1
    own = network.shape.mean.clone()
    load_init_weights(network, save(earlier, tmp_path / "state.pt"), [])
    assert torch.equal(network.stem[0][0].weight, earlier.stem[0][0].weight)
    assert network.presence.weight.shape[1] == 12
    assert torch.equal(network.shape.mean, own)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["detector", "regressor"])
def test_a_network_that_starts_from_an_exported_one_answers_as_that_did(tmp_path: Path, kind: str) -> None:
    """The file has lost all batch normalisation; the network has it back, and training goes on from there."""
    pictures = torch.rand(6, 3, 256, 256) * 2 - 1
    file = tmp_path / f"{kind}.onnx"
    if kind == "detector":
        small = {"widths": (4, 8, 8, 8), "neck": 8}
        earlier, network = lived(DetectorNet(**small), pictures), DetectorNet(**small)
        export_detector(earlier, file)
    else:
        earlier, network = lived(regressor(), pictures), regressor()
        export_regressor(earlier, file, np.arange(478))
    load_init_weights(network, file, [pictures])
    assert network.training
    with torch.inference_mode():
        new, old = network.eval()(pictures[:2]), earlier(pictures[:2])
    for a, b in zip(new, old, strict=True):
        assert a.numpy() == pytest.approx(b.numpy(), abs=1e-3), "but for the half floats of the file"
    variances = torch.cat([m.running_var for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)])
    assert float(variances.median()) == pytest.approx(1, abs=0.1), "as in a fresh network"


def test_a_file_that_is_missing_or_of_another_network_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no file"):
        load_init_weights(regressor(), tmp_path / "state.pt", [])
    torch.save({"average": {"elsewhere": torch.zeros(3)}}, tmp_path / "state.pt")
    with pytest.raises(TrainingDataError, match="another network"):
        load_init_weights(regressor(), tmp_path / "state.pt", [])


def test_the_heads_of_the_released_bundle_are_taken_under_their_names_of_today() -> None:
    """The released file calls them otherwise."""
    network = RegressorNet()
    load_init_weights(network, DEFAULT_BUNDLE / "extractor.onnx", [torch.rand(2, 3, 256, 256) * 2 - 1])
    assert network.expression_head.alpha.item() == 0.5
    taken = [*network.ridge_head.parameters(), *network.expression_head.parameters()]
    assert all(parameter.abs().max() > 0 for parameter in taken), "0 until they are fitted"
    assert network.expression_head.spread.item() != 1
    assert network.shape.whitening.abs().max() > 0


def test_states_of_earlier_names_are_taken(tmp_path: Path) -> None:
    earlier = regressor()
    torch.nn.init.ones_(earlier.ridge_head.linear.bias)
    torch.nn.init.ones_(earlier.expression_head.alpha)
    before = {"ridge_head.": "polish.", "expression_head.alpha": "readout.share", "expression_head.": "readout."}

    def named(name: str) -> str:
        begins = next((now for now in before if name.startswith(now)), "")
        return before[begins] + name.removeprefix(begins) if begins else name

    torch.save({"average": {named(k): v for k, v in earlier.state_dict().items()}}, tmp_path / "state.pt")
    network = regressor()
    load_init_weights(network, tmp_path / "state.pt", [])
    assert network.ridge_head.linear.bias.min() == 1
    assert network.expression_head.alpha.item() == 1
