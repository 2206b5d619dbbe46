"""The flow evaluation on data made here: a blank face whose true flow is known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datasets.portraits import Portraits
from evaluation.flow import FlowTest, evaluate_flow, load_flow_test, predict_flow
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two test portraits with fits, and three flow targets: all points come from 3 px to the right and 4 px below."""
    folder = tmp_path / "portraits"
    folder.mkdir()
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "coverage", "colour", "split"])
        writer.writeheader()
        for i in range(2):
            Image.effect_noise((288, 288), 40).convert("RGB").save(folder / f"{i}.png")
            writer.writerow({"file": f"{i}.png", "coverage": "1.0", "colour": "1", "split": "test"})
    fits = {"rotation": np.eye(3)[None].repeat(2, 0), "scale": np.full(2, 8.0), "expression": np.zeros((2, 53))}
    translation = np.array([[144 + 16, -144, 0.0], [144, -144, 0]])
    np.savez(folder / "labels.npz", identity=np.zeros((2, 60)), translation=translation, **fits)
    mask = np.zeros((3, 64, 64), bool)
    mask[:, 20:40, 20:40] = True
    flow = np.where(mask[..., None], [3, 4], 77).astype(np.float16)
    targets = {"rotation": np.eye(3)[None].repeat(3, 0), "scale": np.full(3, 8.0), "expression": np.zeros((3, 53))}
    centred = np.array([[128, -128, 0.0]] * 3)
    photo = np.array([0, 1, 1], np.int32)
    np.savez(tmp_path / "flow_test.npz", photo=photo, flow=flow, mask=mask, translation=centred, **targets)
    return tmp_path


@pytest.fixture
def renderer() -> PIRenderer:
    torch.manual_seed(0)
    return PIRenderer(PRESETS["debug"]).eval()


def test_sources_and_targets_are_in_the_windows_coefficients(data: Path) -> None:
    test = load_flow_test(data, Portraits(data, "test"))
    assert test.source.shape == test.target.shape == (3, 59)
    np.testing.assert_allclose(test.target, 0, atol=1e-6)
    np.testing.assert_allclose(test.source[0, 56:], [1 / 16, 0, 0], atol=1e-6)  # 16 of the window's 256 px to the right
    np.testing.assert_allclose(test.source[1], 0, atol=1e-6)


def test_the_error_is_the_networks_distance_to_the_truth_inside_the_mask(data: Path, renderer: PIRenderer) -> None:
    portraits = Portraits(data, "test")
    test = load_flow_test(data, portraits)
    assert evaluate_flow(renderer, portraits, test).no_motion.mean == pytest.approx(5)
    pictures = np.stack([portraits.picture(int(i))[16:272, 16:272] for i in test.photo])
    own = predict_flow(renderer, pictures, test.source, test.target, 64)
    truth = own + np.where(test.mask[..., None], np.float32([0.6, 0.8]), np.float32(99))
    moved = FlowTest(test.photo, test.source, test.target, truth, test.mask)
    assert evaluate_flow(renderer, portraits, moved).network.mean == pytest.approx(1, abs=1e-4)


def test_flow_is_scaled_to_pixels_of_256(data: Path, renderer: PIRenderer) -> None:
    pictures = np.zeros((1, 256, 256, 3), np.uint8)
    still = np.zeros((1, 59), np.float32)
    flow = predict_flow(renderer, pictures, still, still, 64)
    assert flow.shape == (1, 64, 64, 2)
    windows = torch.zeros(1, 59, renderer.preset.mapping.window)
    with torch.inference_mode():
        own, _ = renderer.flow(torch.full((1, 3, 256, 256), -1.0), renderer.descriptor(windows, torch.zeros(1, 59)))
    assert flow.mean() == pytest.approx(float(own.mean()) * 256 / own.shape[-1], rel=1e-3)


def test_missing_data_is_named(data: Path) -> None:
    portraits = Portraits(data, "test")
    (data / "flow_test.npz").unlink()
    with pytest.raises(TrainingDataError, match=r"flow_test\.npz"):
        load_flow_test(data, portraits)
    with pytest.raises(TrainingDataError):
        Portraits(data / "nowhere", "test")
