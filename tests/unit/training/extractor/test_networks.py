from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from models.coefficients import ARKIT
from models.extractor.detector import Detector
from models.extractor.regressor import CROP, Regressor
from models.face3d.landmark_shape import ShapeModel, fit_shape
from training.extractor.detector_loss import DetectorLoss
from training.extractor.export import export_detector, export_regressor
from training.extractor.network_training import ExtractorOptions, network_trainer
from training.extractor.networks.detector import DetectorNet
from training.extractor.networks.regressor import RegressorNet
from training.extractor.samples import Batch
from training.extractor.targets import detector_targets
from training.record import RunRecord
from training.run_folder import RunFolder
from training.trainer import Trainer


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def small_detector() -> DetectorNet:
    return DetectorNet(widths=(4, 8, 8, 8), neck=8)


def some_shape() -> ShapeModel:
    rng = np.random.default_rng(0)
    return fit_shape(rng.uniform(0.3, 0.7, (300, 478, 2)), rng.normal(0.4, 0.1, (300, 59)))


def small_regressor() -> RegressorNet:
    return RegressorNet(widths=(4, 8, 8, 8), blocks=(1, 1, 1), neck=8, hidden=8, shape=some_shape())


def test_networks_are_small_enough_to_ship() -> None:
    assert sum(p.numel() for p in DetectorNet().parameters()) < 1.5e6
    assert sum(p.numel() for p in RegressorNet().parameters()) < 3e6


def test_exported_detector_runs_in_the_service(tmp_path: Path) -> None:
    export_detector(small_detector(), tmp_path / "detector.onnx")
    assert Detector(tmp_path / "detector.onnx", threads=1).detect(np.zeros((50, 70, 3), np.uint8), 320) == []


@pytest.mark.slow
def test_exported_regressor_answers_like_torch(tmp_path: Path) -> None:
    network = small_regressor().eval()
    export_regressor(network, tmp_path / "extractor.onnx", np.arange(478))
    crops = np.random.default_rng(0).integers(0, 256, (3, CROP, CROP, 3), np.uint8)
    extraction = Regressor(tmp_path / "extractor.onnx", threads=1).glance(crops)
    pictures = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        coefficients, landmarks, presence = network(pictures)
    assert extraction.coefficients == pytest.approx(coefficients.numpy(), abs=1e-4)
    assert extraction.landmarks == pytest.approx(landmarks.numpy(), abs=1e-4)
    assert extraction.presence == pytest.approx(presence.numpy(), abs=1e-4)
    assert extraction.coefficients[:, :53].min() >= 0


@pytest.mark.slow
def test_a_flipped_crop_is_read_as_the_crop_with_sides_exchanged(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(478).reshape(-1, 2)
    mirrored = np.zeros(478, int)
    mirrored[order[:, 0]], mirrored[order[:, 1]] = order[:, 1], order[:, 0]
    export_regressor(small_regressor(), tmp_path / "extractor.onnx", mirrored)
    regressor = Regressor(tmp_path / "extractor.onnx", threads=1)
    crops = np.random.default_rng(0).integers(0, 256, (2, CROP, CROP, 3), np.uint8)
    seen, flipped, one = regressor.extract(crops), regressor.extract(crops[:, :, ::-1]), regressor.extract(crops[1])
    assert flipped.coefficients == pytest.approx(ARKIT.mirror(seen.coefficients), abs=1e-5)
    assert flipped.landmarks == pytest.approx(seen.landmarks[:, mirrored] * (-1, 1) + (1, 0), abs=1e-5)
    assert flipped.presence == pytest.approx(seen.presence, abs=1e-5)
    assert one.coefficients == pytest.approx(seen.coefficients[1], abs=1e-5)
    assert not np.allclose(seen.coefficients, regressor.glance(crops).coefficients, atol=1e-4)


def test_detector_loss_prefers_the_right_maps() -> None:
    boxes, points = np.array([[40.0, 60, 104, 124]]), np.full((1, 5, 2), 70.0)
    target = {name: torch.from_numpy(value)[None] for name, value in detector_targets(boxes, points, 256).items()}
    right = (torch.where(target["heatmap"] == 1, 8.0, -8.0), target["box"], target["points"])
    wrong = (-right[0], target["box"] + 1, target["points"] + 1)
    good, bad = DetectorLoss()(right, target), DetectorLoss()(wrong, target)
    assert float(good["box"]) == float(good["points"]) == 0
    assert all(float(bad[name]) > float(good[name]) + 0.5 for name in good)


def draw(number: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(number)
    return {"picture": rng.integers(0, 256, (256, 256, 3), np.uint8), "wanted": np.float32(rng.random())}


def loss(output: tuple[torch.Tensor, ...], batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"error": (output[0][:, 0] - batch["wanted"]).square().mean()}


@pytest.mark.slow
def test_resumed_training_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    def trainer(folder: str, sample: Callable[[int], dict[str, np.ndarray]]) -> Trainer[Batch]:
        torch.manual_seed(0)
        options = ExtractorOptions(steps=4, batch_size=2, save_every=1, workers=0)
        run = RunFolder(tmp_path / folder, RunRecord("test", {}))
        return network_trainer(run, small_regressor(), sample, loss, options)

    def failing(number: int) -> dict[str, np.ndarray]:
        if number >= 4:
            raise InterruptedError
        return draw(number)

    whole = trainer("whole", draw).train().state_dict()
    with pytest.raises(InterruptedError):
        trainer("broken", failing).train()
    resumed = trainer("broken", draw).train().state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
