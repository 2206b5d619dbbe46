"""A run's averaged weights and other people's files become a bundle that opens."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from datasets import command_line
from models.bundle import DEFAULT_BUNDLE, draft_bundle, load_renderer, open_bundle, write_bundle
from models.errors import BundleError, TrainingDataError
from models.renderer import PRESETS, PIRenderer
from tests.bundles import write_speaking_bundle
from tests.runs import linear_trainer
from training.__main__ import app
from training.export import export_bundle
from training.options import TrainingOptions

DETECTOR, EXTRACTOR = DEFAULT_BUNDLE / "detector.onnx", DEFAULT_BUNDLE / "extractor.onnx"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose average is not its last state."""
    torch.manual_seed(0)
    renderer = PIRenderer(PRESETS["debug"])
    optimiser = torch.optim.SGD(renderer.parameters())
    trained = linear_trainer(tmp_path / "run", TrainingOptions(1, 1, 0.1), model=renderer, optimiser=optimiser)
    nn.init.constant_(renderer.mean, 3.0)
    trained.run.begin(0)
    trained.save()
    return trained.run.path


@pytest.mark.slow
def test_the_average_is_released_with_its_description(run: Path, tmp_path: Path) -> None:
    export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {"data": "drawn"}, {"error": 1.5})
    bundle = open_bundle(tmp_path / "bundle")
    assert load_renderer(bundle).mean.abs().max() < 3
    assert bundle.manifest.provenance == {"data": "drawn"}
    assert bundle.manifest.metrics == {"error": 1.5}
    assert bundle.path("extractor.onnx").read_bytes() == EXTRACTOR.read_bytes()
    assert bundle.manifest.runs["renderer.safetensors"]["command"] == "test"  # type: ignore[index]
    with pytest.raises(BundleError, match="audio"):
        bundle.path("audio.safetensors")


@pytest.mark.slow
def test_the_speech_model_of_another_bundle_is_kept(run: Path, tmp_path: Path) -> None:
    speaking = open_bundle(write_speaking_bundle(tmp_path / "speaking", {"speech": {"corpus": "drawn"}}))
    made = export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {}, speech=speaking.folder)
    assert made.path("audio.safetensors").read_bytes() == speaking.path("audio.safetensors").read_bytes()
    assert made.manifest.provenance == {"speech": {"corpus": "drawn"}}, "its data and licences too"


@pytest.mark.slow
def test_what_does_not_fit_is_refused_before_anything_is_written(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    with pytest.raises(BundleError, match=r"audio\.safetensors"):  # a speech model of the preset small
        export_bundle(run, "debug", DETECTOR, EXTRACTOR, out, {}, {}, speech=DEFAULT_BUNDLE)
    with pytest.raises(BundleError, match="does not offer"):
        export_bundle(run, "debug", EXTRACTOR, DETECTOR, out, {}, {})
    with pytest.raises(BundleError, match=r"nowhere\.onnx cannot be read"):
        export_bundle(run, "debug", DETECTOR, tmp_path / "nowhere.onnx", out, {}, {})
    assert not out.exists()
    before = write_speaking_bundle(out)
    manifest = (before / "bundle.json").read_bytes()
    with pytest.raises(BundleError):
        export_bundle(run, "debug", EXTRACTOR, DETECTOR, out, {}, {})
    assert (before / "bundle.json").read_bytes() == manifest
    assert open_bundle(before).manifest.name == "untrained", "the bundle that was there still opens"


@pytest.mark.parametrize(("preset", "message"), [("small", "trained with"), ("unheard-of", "there is no preset")])
def test_a_run_of_another_preset_is_an_error(run: Path, tmp_path: Path, preset: str, message: str) -> None:
    with pytest.raises(TrainingDataError, match=message):
        export_bundle(run, preset, DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {})


@pytest.mark.slow
def test_the_command_says_it_in_one_sentence(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "described.json").write_text("{}")
    files = {"run": run, "detector": DETECTOR, "extractor": EXTRACTOR, "out": tmp_path / "bundle"}
    files |= dict.fromkeys(("provenance", "metrics"), tmp_path / "described.json")
    command = [
        "export",
        "--preset",
        "debug",
        *(word for name, path in files.items() for word in (f"--{name}", str(path))),
    ]
    with pytest.raises(SystemExit) as end:
        command_line.run(app, [*command, "--speech", str(DEFAULT_BUNDLE)])
    assert end.value.code == 1
    refused = capsys.readouterr().err
    assert "audio.safetensors" in refused
    assert refused.count("\n") == 1
    assert not (tmp_path / "bundle").exists()
    assert CliRunner().invoke(app, [*command, "--version", "2"]).exit_code == 0
    manifest = open_bundle(tmp_path / "bundle").manifest
    assert (manifest.name, manifest.version) == ("bundle", "2")


def test_a_run_without_a_state_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="train it first"):
        export_bundle(tmp_path, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {})


def test_a_face_model_comes_from_another_bundle(run: Path, tmp_path: Path) -> None:
    made = export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {}, face=DEFAULT_BUNDLE)
    other = open_bundle(DEFAULT_BUNDLE)
    assert made.path("face.safetensors").read_bytes() == other.path("face.safetensors").read_bytes()


def test_a_face_model_needs_the_3dmm(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="ict_facekit"):
        export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "bundle", {}, {}, face=tmp_path)


@pytest.mark.slow
def test_records_follow_files_from_bundle_to_bundle(run: Path, tmp_path: Path) -> None:
    first = export_bundle(run, "debug", DETECTOR, EXTRACTOR, tmp_path / "first", {}, {})
    record = {"command": "training.extractor detector", "data": {}}
    runs = {**first.manifest.runs, "detector.onnx": record}
    draft = draft_bundle(tmp_path / "second", first.files, "debug", "arkit", "Apache-2.0", {}, {}, runs=runs)
    second = write_bundle(draft)
    detector, extractor = (second.path(name) for name in ("detector.onnx", "extractor.onnx"))
    known = export_bundle(run, "debug", detector, extractor, tmp_path / "third", {}, {}).manifest.runs
    assert known["detector.onnx"] == record
    assert "extractor.onnx" not in known, "the released extractor has none"
