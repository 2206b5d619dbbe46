"""A check loads what a worker loads, runs it, and says in one sentence what does not fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.bundle import DEFAULT_BUNDLE, Bundle, check_bundle, draft_bundle, open_bundle, release_bundle
from models.bundle.__main__ import main
from models.errors import BundleError
from tests.bundles import write_speaking_bundle


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of the preset debug that works."""
    return open_bundle(write_speaking_bundle(tmp_path_factory.mktemp("bundles") / "speaking"))


def changed(bundle: Bundle, folder: Path, space: str = "arkit", preset: str = "debug", **files: Path) -> Bundle:
    """A draft of the same files but for some; keywords name them without their endings."""
    others = {name: files.pop(name.partition(".")[0], path) for name, path in bundle.files.items()}
    assert not files
    return draft_bundle(folder, others, preset, space, "Apache-2.0", {}, {})


def regressor(path: Path, coefficients: int, value: float) -> Path:
    """An ONNX file with the regressor's names that gives `value` for every picture."""

    def constant(name: str, *shape: int) -> onnx.NodeProto:
        return helper.make_node(
            "Constant", [], [name], value=numpy_helper.from_array(np.full(shape, value, np.float32))
        )

    shapes = {"coefficients": (1, coefficients), "landmarks": (1, 478, 2), "presence": (1,)}
    graph = helper.make_graph(
        [constant(name, *shape) for name, shape in shapes.items()],
        "regressor",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["batch", 256, 256, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


@pytest.mark.slow
def test_a_bundle_that_works_is_described_in_a_line(speaking: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, named in ((speaking.folder, "untrained 1"), (DEFAULT_BUNDLE, "default 11")):
        assert main(["check", str(folder)]) == 0
        assert named in capsys.readouterr().out


def test_speech_weights_of_another_preset_are_named(
    speaking: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # As copied by hand: every hash is right, and the weights are another network's.
    folder = tmp_path / "bundle"
    shutil.copytree(speaking.folder, folder)
    shutil.copyfile(DEFAULT_BUNDLE / "audio.safetensors", folder / "audio.safetensors")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["audio.safetensors"] = json.loads((DEFAULT_BUNDLE / "bundle.json").read_text())["files"][
        "audio.safetensors"
    ]
    (folder / "bundle.json").write_text(json.dumps(manifest))
    assert open_bundle(folder).manifest.files
    assert main(["check", str(folder)]) == 1
    output = capsys.readouterr().err
    assert "audio.safetensors" in output
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"detector": "extractor.onnx"}, "detector.onnx|extractor.onnx does not offer"),
        ({"extractor": "detector.onnx"}, "does not offer"),
        ({"renderer": "audio.safetensors"}, "lacks the tensor"),
        ({"renderer": "detector.onnx"}, "no safetensors"),
        ({"preset": "small"}, "lacks the tensor|has shape"),
        ({"preset": "unheard-of"}, "this version knows"),
        ({"space": "bfm"}, "reads 'arkit'"),
        ({"space": "other"}, "this version knows"),
    ],
)
def test_what_a_worker_cannot_load_is_refused(
    speaking: Bundle, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    files = {name: speaking.path(value) for name, value in changes.items() if value in speaking.files}
    words = {name: value for name, value in changes.items() if name not in files}
    draft = changed(speaking, tmp_path / "bundle", **words, **files)  # type: ignore[arg-type]
    with pytest.raises(BundleError, match=message):
        release_bundle(draft)
    assert not (tmp_path / "bundle").exists(), "refused before anything is written"


@pytest.mark.parametrize(
    ("coefficients", "value", "message"),
    [(60, 0.0, r"shape \[60\]; a worker needs \[59\]"), (59, np.nan, "not finite")],
)
def test_networks_that_load_but_do_not_work_together_are_refused(
    speaking: Bundle, tmp_path: Path, coefficients: int, value: float, message: str
) -> None:
    odd = regressor(tmp_path / "odd.onnx", coefficients, value)
    with pytest.raises(BundleError, match=message):
        check_bundle(changed(speaking, tmp_path / "bundle", extractor=odd))


def test_a_broken_list_of_mirrored_landmarks_is_one_sentence(speaking: Bundle, tmp_path: Path) -> None:
    model = onnx.load(speaking.path("extractor.onnx"))
    helper.set_model_props(model, {"mirrored": "no list"})
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(BundleError, match=r"cannot be loaded \(JSONDecodeError"):
        check_bundle(changed(speaking, tmp_path / "bundle", extractor=tmp_path / "odd.onnx"))
