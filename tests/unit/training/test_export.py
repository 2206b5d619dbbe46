"""A run's averaged weights and other people's files become a bundle that opens."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from models.bundle import DEFAULT_BUNDLE, open_bundle
from models.errors import BundleError, TrainingDataError
from models.renderer import PRESETS, PIRenderer, load_renderer
from training.export import export_bundle
from training.run import Run

DETECTOR, EXTRACTOR = DEFAULT_BUNDLE / "detector.onnx", DEFAULT_BUNDLE / "extractor.onnx"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose average is not its last state."""
    torch.manual_seed(0)
    renderer = PIRenderer(PRESETS["debug"])
    trained = Run(tmp_path / "run", renderer, torch.optim.SGD(renderer.parameters()))
    nn.init.constant_(renderer.mean, 3.0)
    trained.save()
    return trained.folder


def test_the_average_is_released_with_what_was_said_of_it(run: Path, tmp_path: Path) -> None:
    export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {"data": "drawn"}, {"error": 1.5})
    bundle = open_bundle(tmp_path / "bundle")
    assert load_renderer(bundle).mean.abs().max() < 3
    assert bundle.manifest.provenance == {"data": "drawn"}
    assert bundle.manifest.metrics == {"error": 1.5}
    assert bundle.path("extractor.onnx").read_bytes() == EXTRACTOR.read_bytes()
    with pytest.raises(BundleError, match="audio"):
        bundle.path("audio.safetensors")


def test_the_speech_model_of_another_bundle_is_kept(run: Path, tmp_path: Path) -> None:
    export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {}, speech=DEFAULT_BUNDLE)
    own, other = (open_bundle(folder).path("audio.safetensors") for folder in (tmp_path / "bundle", DEFAULT_BUNDLE))
    assert own.read_bytes() == other.read_bytes()
    kept = open_bundle(tmp_path / "bundle").manifest.provenance
    assert kept["speech"] == open_bundle(DEFAULT_BUNDLE).manifest.provenance["speech"], "its data and licences too"


def test_a_run_without_a_state_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="train it first"):
        export_bundle(tmp_path, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {})
