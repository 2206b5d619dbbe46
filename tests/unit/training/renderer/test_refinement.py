"""Refinement stage: what the extractor finds in rendered pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from skimage import data
from torch import Tensor

from models.bundle import DEFAULT_BUNDLE
from models.errors import TrainingDataError
from models.extractor.regressor import Regressor
from tests.runs import write_run
from training.pairs.batches import PairBatch
from training.pairs.source import Emphasis, Inputs
from training.renderer.extractor_loss import ExtractorLoss, FrozenExtractor
from training.renderer.refinement import RefinementOptions, refinement_trainer
from training.renderer.stage import fresh_renderer
from training.weights import averaged_weights

EXTRACTOR = DEFAULT_BUNDLE / "extractor.onnx"


@pytest.fixture(scope="module")
def face() -> Tensor:
    """A crop of the astronaut, [1, 3, 256, 256] in [-1, 1]."""
    crop = np.ascontiguousarray(data.astronaut()[:256, 100:356])
    return torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1


@pytest.fixture(scope="module")
def extractor(face: Tensor) -> FrozenExtractor:
    return FrozenExtractor.load(EXTRACTOR, face)


class Turned:
    """The face, and the same a few pixels further right."""

    device = torch.device("cpu")

    def __init__(self, face: Tensor) -> None:
        self.inputs: Inputs = {}
        self.options: dict[str, JsonValue] = {}
        self.face = torch.nn.functional.interpolate(face, (64, 64), mode="area")

    def coefficients(self, count: int) -> np.ndarray:
        return np.zeros((count, 59))

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[PairBatch]:
        source, labels = self.face.expand(size, -1, -1, -1), torch.zeros(size, 59)
        ones = torch.ones(size, 1, 64, 64)
        mask = torch.ones(size, 1, 128, 128)
        flow = torch.full((size, 2, 64, 64), -16.0) * torch.tensor([1.0, 0.0])[:, None, None]
        while True:
            yield PairBatch(source, source.roll(4, -1), labels, labels, flow, ones, mask, mask)


@pytest.mark.slow
def test_a_frozen_extractor_finds_what_is_served(extractor: FrozenExtractor, face: Tensor) -> None:
    crop = ((face[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()
    served = Regressor(EXTRACTOR, 1).glance(crop)
    found = extractor.features(face)
    np.testing.assert_allclose(found.bounded[0], served.coefficients, atol=1e-2)


def test_the_loss_leads_pixels_to_the_target(extractor: FrozenExtractor, face: Tensor) -> None:
    target = extractor.features(face.roll(6, -1))
    picture = face.clone().requires_grad_()
    loss = ExtractorLoss()(extractor.features(picture), target)
    loss.backward()
    assert picture.grad is not None
    with torch.no_grad():
        nearer = ExtractorLoss()(extractor.features(picture - 0.002 * picture.grad.sign()), target)
        assert nearer < loss
        assert ExtractorLoss()(target, target) < 1e-2


@pytest.mark.slow
def test_all_networks_train_on_real_pairs_as_the_extractor_finds_them_and_resume(tmp_path: Path, face: Tensor) -> None:
    torch.manual_seed(0)
    write_run(tmp_path / "editing", fresh_renderer("debug", torch.device("cpu")))
    for steps in (6, 10):
        options = RefinementOptions(steps, 2, 1e-3, preset="debug", log_every=10, resume_with_changes=True)
        refinement_trainer(
            Turned(face), Turned(face), tmp_path / "out", options, tmp_path / "editing", EXTRACTOR
        ).train()
    (log,) = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert log["step"] == 10
    assert log["copied"] > 0, "the two pictures differ to the extractor"
    before, after = averaged_weights(tmp_path / "editing"), averaged_weights(tmp_path / "out")
    for part in ("mapping", "warping", "editing"):
        changed = [not torch.equal(value, after[name]) for name, value in before.items() if name.startswith(part)]
        assert any(changed), part


def test_a_file_that_is_no_extractor_is_an_error(tmp_path: Path, face: Tensor) -> None:
    with pytest.raises(TrainingDataError, match="point --start"):
        FrozenExtractor.load(tmp_path / "missing.onnx", face)
