"""Stage three: what the extractor reads in rendered pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data
from torch import Tensor

from models.bundle import DEFAULT_BUNDLE
from models.errors import TrainingDataError
from models.extractor.regressor import Regressor
from training.pairs.batches import Batch
from training.pairs.source import Emphasis
from training.renderer.extractor_loss import Reader, reading_loss
from training.renderer.refinement import train_refinement
from training.renderer.stage import Schedule, adam, fresh_renderer
from training.run import Run, averaged_weights

EXTRACTOR = DEFAULT_BUNDLE / "extractor.onnx"


@pytest.fixture(scope="module")
def face() -> Tensor:
    """A crop of the astronaut, [1, 3, 256, 256] in [-1, 1]."""
    crop = np.ascontiguousarray(data.astronaut()[:256, 100:356])
    return torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1


@pytest.fixture(scope="module")
def reader(face: Tensor) -> Reader:
    return Reader.load(EXTRACTOR, face)


class Turned:
    """The face, and the same a few pixels further right."""

    device = torch.device("cpu")

    def __init__(self, face: Tensor) -> None:
        self.face = torch.nn.functional.interpolate(face, (64, 64), mode="area")

    def coefficients(self, count: int) -> np.ndarray:
        return np.zeros((count, 59))

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[Batch]:
        source, labels = self.face.expand(size, -1, -1, -1), torch.zeros(size, 59)
        ones = torch.ones(size, 1, 64, 64)
        mask = torch.ones(size, 1, 128, 128)
        flow = torch.full((size, 2, 64, 64), -16.0) * torch.tensor([1.0, 0.0])[:, None, None]
        while True:
            yield Batch(source, source.roll(4, -1), labels, labels, flow, ones, mask, mask)


def test_a_reader_reads_what_the_product_does(reader: Reader, face: Tensor) -> None:
    crop = ((face[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()
    served = Regressor(EXTRACTOR, 1).glance(crop)
    reading = reader.read(face)
    np.testing.assert_allclose(reading.bounded[0], served.coefficients, atol=1e-2)


def test_the_loss_leads_pixels_to_what_is_wanted(reader: Reader, face: Tensor) -> None:
    wanted = reader.read(face.roll(6, -1))
    picture = face.clone().requires_grad_()
    loss = reading_loss(reader.read(picture), wanted)
    loss.backward()
    assert picture.grad is not None
    with torch.no_grad():
        nearer = reading_loss(reader.read(picture - 0.002 * picture.grad.sign()), wanted)
        assert nearer < loss
        assert reading_loss(wanted, wanted) < 1e-2


def test_all_networks_train_on_real_pairs_as_they_are_read_and_resume(tmp_path: Path, face: Tensor) -> None:
    torch.manual_seed(0)
    renderer = fresh_renderer("debug", torch.device("cpu"))
    Run(tmp_path / "editing", renderer, adam(renderer.parameters())).save()
    for steps in (60, 100):
        train_refinement(
            Turned(face),
            Turned(face),
            EXTRACTOR,
            tmp_path / "out",
            tmp_path / "editing",
            "debug",
            Schedule(steps, 2, 1e-3),
        )
    (log,) = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert log["step"] == 100
    assert log["copied"] > 0, "the two pictures read differently"
    before, after = averaged_weights(tmp_path / "editing"), averaged_weights(tmp_path / "out")
    for part in ("mapping", "warping", "editing"):
        changed = [not torch.equal(value, after[name]) for name, value in before.items() if name.startswith(part)]
        assert any(changed), part


def test_a_file_that_is_no_extractor_is_an_error(tmp_path: Path, face: Tensor) -> None:
    with pytest.raises(TrainingDataError, match="point --start"):
        Reader.load(tmp_path / "missing.onnx", face)
